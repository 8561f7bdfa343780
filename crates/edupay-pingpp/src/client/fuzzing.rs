//! What must hold of answers, for `crate::fuzzing`.

use edupay_domain::payments::GatewayFault;

use super::answer::success_or_missing;
use super::settings::ReplySignatures;
use crate::blocking::Answer;
use crate::wire::ErrorEnvelope;

/// Only a readable error object under a status of 4xx is a refusal: whatever else comes, the money may have
/// moved. What succeeds is the body as it came. The input is a status of three digits and a body.
pub fn answers(data: &[u8]) {
    let Some((status, body)) = data.split_at_checked(3) else { return };
    let Some(status) = std::str::from_utf8(status).ok().and_then(|status| status.parse::<u16>().ok()) else { return };
    let answer = Answer { status, body: body.to_vec(), signature: None };
    let error = serde_json::from_slice::<ErrorEnvelope>(body).ok();
    match success_or_missing(Ok(answer), &ReplySignatures::Unchecked) {
        Ok(Some(text)) => assert!((200..300).contains(&status) && text.as_bytes() == body),
        Ok(None) => assert!(status == 404 && error.is_some()),
        Err(failure) => match failure.fault() {
            GatewayFault::Refused { code } => {
                assert!((400..500).contains(&status) && ![403, 404, 408, 429].contains(&status));
                assert_eq!(error.map(|error| error.error.code), Some(code.clone()));
            }
            GatewayFault::Postponed(_) => assert!([403, 429].contains(&status)),
            _ => assert!(!(200..300).contains(&status) || std::str::from_utf8(body).is_err()),
        },
    }
}
