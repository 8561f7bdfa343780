//! Keys and signatures, theirs and ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edupay_pingpp::signing::RequestSigner;
use edupay_sandbox::API_KEY;
use openssl::rsa::Rsa;
use ureq::http::Request;

use super::support::{Running, charge_body};

fn create(sandbox: &Running) -> Request<Vec<u8>> {
    let body = charge_body("12134676899915430002", "alipay", 9900).to_string();
    sandbox.signed("POST", "/v1/charges", &body)
}

#[test]
fn a_post_without_a_signature_is_refused_unless_the_option_is_off() {
    let strict = Running::start();
    let mut request = create(&strict);
    request.headers_mut().remove("Pingplusplus-Signature");
    let error = strict.send(request).refused(400);
    assert_eq!(error["type"], "invalid_request_error");
    let lenient = Running::start_with(|options| options.require_signature = false);
    let mut request = create(&lenient);
    request.headers_mut().remove("Pingplusplus-Signature");
    lenient.send(request).ok();
}

#[test]
fn a_wrong_signature_is_refused_whatever_the_option_says() {
    let sandbox = Running::start_with(|options| options.require_signature = false);
    let mut other_body = create(&sandbox);
    other_body.body_mut().push(b'\n');
    sandbox.send(other_body).refused(400);
    let mut other_time = create(&sandbox);
    other_time.headers_mut().insert("Pingplusplus-Request-Timestamp", "1466149852".parse().unwrap());
    sandbox.send(other_time).refused(400);
    let mut other_target = create(&sandbox);
    *other_target.uri_mut() = format!("{}/v1/charges?x=1", sandbox.url).parse().unwrap();
    sandbox.send(other_target).refused(400);
    let mut no_base64 = create(&sandbox);
    no_base64.headers_mut().insert("Pingplusplus-Signature", "%%%".parse().unwrap());
    sandbox.send(no_base64).refused(400);
    assert_eq!(sandbox.state()["charges"], serde_json::json!([]));
}

#[test]
fn somebody_elses_signature_is_refused() {
    let sandbox = Running::start();
    let pem = Rsa::generate(2048).unwrap().private_key_to_pem().unwrap();
    let stranger = RequestSigner::from_pem(&pem).unwrap();
    let mut request = create(&sandbox);
    let signature = stranger.sign_request(request.body(), "/v1/charges", 1_466_149_851).unwrap();
    request.headers_mut().insert("Pingplusplus-Signature", signature.parse().unwrap());
    sandbox.send(request).refused(400);
}

#[test]
fn a_get_needs_no_signature_but_a_right_one_if_any() {
    let sandbox = Running::start();
    let mut request = sandbox.signed("GET", "/v1/charges?app%5Bid%5D=app_edupay0000000000", "");
    sandbox.send(request.clone()).ok();
    *request.uri_mut() =
        format!("{}/v1/charges?app%5Bid%5D=app_edupay0000000000&limit=2", sandbox.url).parse().unwrap();
    sandbox.send(request.clone()).refused(400);
    request.headers_mut().remove("Pingplusplus-Signature");
    sandbox.send(request).ok();
}

#[test]
fn a_question_mark_without_a_query_is_signed_with_the_path() {
    let sandbox = Running::start();
    sandbox.get("/v1/charges/ch_nothing?").refused(404);
}

#[test]
fn a_timestamp_far_away_is_refused_where_the_option_says_so() {
    let sandbox = Running::start_with(|options| {
        options.max_clock_skew = Some(std::time::Duration::from_secs(300));
    });
    sandbox.send(create(&sandbox)).refused(400);
}

#[test]
fn the_key_is_accepted_as_basic_and_as_bearer_and_needed() {
    let sandbox = Running::start();
    let basic = format!("Basic {}", STANDARD.encode(format!("{API_KEY}:")));
    let cases = [
        (Some(basic.as_str()), 200),
        (Some(&format!("Bearer {API_KEY}")), 200),
        (Some("Bearer sk_test_somebodyelse000000000000"), 401),
        (Some("Basic %%%"), 401),
        (Some(API_KEY), 401),
        (None, 401),
    ];
    for (value, status) in cases {
        let mut request = create(&sandbox);
        request.headers_mut().remove("Authorization");
        if let Some(value) = value {
            request.headers_mut().insert("Authorization", value.parse().unwrap());
        }
        assert_eq!(sandbox.send(request).status, status, "{value:?}");
    }
}

#[test]
fn replies_are_signed_and_close_their_connection() {
    let sandbox = Running::start();
    let reply = sandbox.send(create(&sandbox));
    assert_eq!(reply.header("connection"), "close");
    let signature = reply.header("x-pingplusplus-signature");
    sandbox.public_keys().verify(reply.text.as_bytes(), signature).unwrap();
    let refusal = sandbox.get("/v1/charges/ch_nothing");
    assert_eq!(refusal.header("x-pingplusplus-signature"), "");
    assert_eq!(refusal.header("connection"), "close");
}

#[test]
fn a_chunked_body_is_accepted() {
    let sandbox = Running::start();
    let (parts, body) = create(&sandbox).into_parts();
    let mut reader = body.as_slice();
    let request = Request::from_parts(parts, ureq::SendBody::from_reader(&mut reader));
    let reply = ureq::Agent::new_with_defaults().run(request).unwrap();
    assert_eq!(reply.status(), 200);
}
