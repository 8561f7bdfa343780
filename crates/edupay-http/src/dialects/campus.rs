//! The campus dialect, as one table: HTTP 200 and `{"error":1,"message":"…"}` for whatever the client
//! can show or mend; the status itself only where programs on the way need it (contract section 5).

use super::yian::{detail, field_text};
use crate::failure::{Failure, FieldErrors, Refusal};
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, HeaderValue};
use edupay_domain::packages::{PlaceRefusal, SearchRefusal, SuccessRefusal};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// A failure of the campus API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampusRefusalView {
    /// 1.
    #[schema(example = 1)]
    error: u8,
    /// What to show.
    #[schema(example = "支付尚未完成")]
    message: String,
}

/// The reply to a failure. This API speaks Chinese, whatever language is asked for.
pub(super) fn render(failure: &Failure) -> HttpResponse {
    let status = match failure.status() {
        // A refusal by the gateway, or its silence, is a business failure here and no server's fault.
        _ if matches!(failure, Failure::Refused(_)) => StatusCode::OK,
        kept @ (StatusCode::UNAUTHORIZED | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS) => kept,
        kept if kept.is_server_error() => kept,
        // Whoever sends keys knows what they are answered with (contract section 3).
        kept if matches!(failure, Failure::KeyReused | Failure::KeyInUse) => kept,
        _ => StatusCode::OK,
    };
    let mut response = HttpResponse::build(status).json(CampusRefusalView { error: 1, message: message(failure) });
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(Language::Chinese.tag()));
    response
}

fn message(failure: &Failure) -> String {
    match failure {
        Failure::Refused(refusal) => refusal_text(refusal).to_owned(),
        Failure::ChargePostponed(_) => refusal_text(&Refusal::ChargeRefused).to_owned(),
        Failure::Fields(errors) => fields_text(errors),
        Failure::Syntax(_) => "请求内容不是有效的 JSON。".to_owned(),
        _ => detail(failure, Language::Chinese).into_owned(),
    }
}

/// The first field that is wrong; a client shows one message.
fn fields_text(FieldErrors(errors): &FieldErrors) -> String {
    let first = errors.first().map(|(name, error)| (name, field_text(*error, Language::Chinese)));
    first.map_or_else(
        || "参数错误".to_owned(),
        |(name, text): (&Cow<'static, str>, _)| format!("参数错误 {name}: {text}"),
    )
}

/// Business failures: the texts of the contract, word for word, and what it leaves open.
fn refusal_text(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::StudentNotYours => "无权操作该用户",
        Refusal::InvalidChannel | Refusal::Place(PlaceRefusal::ChannelNotOffered) => "无效的支付通道",
        Refusal::ChargeRefused => "支付请求失败",
        Refusal::ChargeUnknown => "支付结果确认中",
        Refusal::Search(SearchRefusal::NothingToUpgrade) | Refusal::Place(PlaceRefusal::NothingToUpgrade) => {
            "没有可升级的套餐"
        }
        Refusal::Search(SearchRefusal::NothingOffered) => "没有可购买的套餐",
        Refusal::Place(PlaceRefusal::AmountDiffers) => "支付金额与套餐价格不符",
        Refusal::Place(PlaceRefusal::HeldAlready) => "请续费或升级",
        Refusal::Place(PlaceRefusal::BadSelection) => "付款项选择有误",
        Refusal::Place(PlaceRefusal::NotOffered(_)) => "套餐不存在或已下架",
        Refusal::Place(PlaceRefusal::SeveralProjects) => "付款项必须属于同一个项目",
        Refusal::Place(PlaceRefusal::NotDearer) => "只能升级到价格更高的套餐",
        Refusal::Place(PlaceRefusal::NeverHeld) => "没有可续费的套餐",
        Refusal::Place(PlaceRefusal::TooLarge) => "支付金额超出限制",
        Refusal::Success(SuccessRefusal::NotFound) => "付款记录不存在",
        Refusal::Success(SuccessRefusal::NotPaid) => "支付尚未完成",
        _ => "请求被拒绝",
    }
}
