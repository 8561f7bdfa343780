//! The 益安 dialect, as one table: business failures with a status of -4, protocol failures as
//! Django REST Framework writes them, in English and in Chinese.

use crate::config::BusinessFailureStatus;
use crate::failure::{CredentialFailure, Failure, FieldError, FieldErrors, Refusal};
use crate::language::Language;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, HeaderValue};
use edupay_domain::store::StoreFault;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use utoipa::ToSchema;

/// A business failure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalView {
    /// -4.
    #[schema(example = -4)]
    pub(crate) status: i32,
    /// What to show.
    #[schema(example = "您的余额不足,请充值!")]
    pub(crate) message: String,
}

/// A protocol failure that no field is to blame for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DetailView {
    /// What is wrong.
    #[schema(example = "Authentication credentials were not provided.")]
    pub(crate) detail: String,
}

/// `{"field": ["…"]}`, each field once.
struct FieldsView<'a>(&'a FieldErrors, Language);

impl Serialize for FieldsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (name, _)) in self.0.0.iter().enumerate() {
            if self.0.0.iter().take(index).all(|(earlier, _)| earlier != name) {
                let texts: Vec<_> = self.0.0.iter().filter(|(each, _)| each == name).collect();
                let texts: Vec<_> = texts.into_iter().map(|(_, error)| field_text(*error, self.1)).collect();
                map.serialize_entry(name, &texts)?;
            }
        }
        map.end()
    }
}

/// `{"non_field_errors": ["…"]}`.
#[derive(Serialize)]
struct NonFieldView {
    non_field_errors: [Cow<'static, str>; 1],
}

/// The reply to a failure.
pub(super) fn render(failure: &Failure, language: Language, business: BusinessFailureStatus) -> HttpResponse {
    let mut spoken = language;
    let mut response = match failure {
        Failure::Refused(refusal) => {
            spoken = Language::Chinese;
            let status = match business {
                BusinessFailureStatus::Ok200 => StatusCode::OK,
                BusinessFailureStatus::BadRequest400 => StatusCode::BAD_REQUEST,
            };
            HttpResponse::build(status).json(RefusalView { status: -4, message: message(refusal).into_owned() })
        }
        // A client shows its user the message; that it may try again is told by the status.
        Failure::ChargePostponed(_) => {
            spoken = Language::Chinese;
            let message = message(&Refusal::ChargeRefused).into_owned();
            HttpResponse::build(failure.status()).json(RefusalView { status: -4, message })
        }
        Failure::Fields(errors) => HttpResponse::BadRequest().json(FieldsView(errors, language)),
        Failure::WrongCredentials | Failure::NotAnObject(_) => {
            HttpResponse::BadRequest().json(NonFieldView { non_field_errors: [detail(failure, language)] })
        }
        _ => HttpResponse::build(failure.status()).json(DetailView { detail: detail(failure, language).into_owned() }),
    };
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(spoken.tag()));
    response
}

/// Business failures: the texts of the contract, word for word.
fn message(refusal: &Refusal) -> Cow<'static, str> {
    Cow::Borrowed(match refusal {
        Refusal::InsufficientBalance => "您的余额不足,请充值!",
        Refusal::CourseOwned { name } => {
            return Cow::Owned(format!("你已经购买过\"{name}\"课程,不能重复购买"));
        }
        Refusal::InvalidChannel => "无效的支付通道",
        Refusal::OrderNotFound => "订单不存在",
        Refusal::OrderPaid => "订单已支付",
        Refusal::OrderClosed => "订单已关闭",
        Refusal::OrderCancelled => "订单已取消",
        Refusal::ProofInvalid | Refusal::ProofOfNoAppStore => "充值凭证无效",
        Refusal::ChargeUnknown | Refusal::ProofUnknown => "支付结果确认中",
        // None of the calls of this family is refused in another way.
        _ => "支付请求失败",
    })
}

/// Protocol failures, in both languages.
pub(super) fn detail(failure: &Failure, language: Language) -> Cow<'static, str> {
    let (english, chinese) = match failure {
        Failure::Credentials(failure) => credentials_text(*failure),
        Failure::Forbidden => ("You do not have permission to perform this action.", "您没有执行该操作的权限。"),
        Failure::NotFound => ("Not found.", "未找到。"),
        Failure::NotAcceptable => ("Could not satisfy the request Accept header.", "无法满足Accept HTTP头的请求。"),
        Failure::BodyTimeout => ("The request body did not arrive in time.", "请求内容未能及时到达。"),
        Failure::BodyTooLarge => ("The request body is too large.", "请求内容过大。"),
        Failure::BodyBroken => ("Malformed request.", "不成功的请求。"),
        Failure::BadIdempotencyKey => ("The Idempotency-Key header is not valid.", "Idempotency-Key 请求头无效。"),
        Failure::KeyReused => {
            ("The Idempotency-Key belongs to another request.", "该 Idempotency-Key 已用于另一个请求。")
        }
        Failure::KeyInUse => (
            "The first request with this Idempotency-Key is still running.",
            "使用该 Idempotency-Key 的请求正在处理中，请稍后重试。",
        ),
        Failure::UnreadableEvent => ("The body is not an event.", "请求内容不是事件。"),
        Failure::NoAppStore => ("No app of the App Store is configured.", "未配置 App Store 应用。"),
        Failure::WrongCredentials => ("Unable to log in with provided credentials.", "无法使用提供的认证信息登录。"),
        Failure::Busy(_) | Failure::Draining => {
            ("Service temporarily unavailable, try again later.", "服务暂时不可用，请稍后重试。")
        }
        Failure::Late => (
            "The outcome of this request is not known yet. Repeat the same request.",
            "本次请求的结果尚未确认，请重复同一请求。",
        ),
        Failure::Store(error) => match error.fault() {
            StoreFault::Unavailable => {
                ("Service temporarily unavailable, try again later.", "服务暂时不可用，请稍后重试。")
            }
            StoreFault::Unknown => (
                "The outcome of this request is not known yet. Repeat the same request.",
                "本次请求的结果尚未确认，请重复同一请求。",
            ),
            StoreFault::Corrupt => ("A server error occurred.", "服务器出现了错误。"),
        },
        Failure::Internal(_) => ("A server error occurred.", "服务器出现了错误。"),
        Failure::MethodNotAllowed { method, .. } => {
            return Cow::Owned(match language {
                Language::English => format!("Method \"{method}\" not allowed."),
                Language::Chinese => format!("方法 “{method}” 不被允许。"),
            });
        }
        Failure::MediaType(media_type) => {
            return Cow::Owned(match language {
                Language::English => format!("Unsupported media type \"{media_type}\" in request."),
                Language::Chinese => format!("不支持请求中的媒体类型 “{media_type}”。"),
            });
        }
        Failure::Syntax(reason) => return Cow::Owned(format!("JSON parse error - {reason}")),
        Failure::NotAnObject(kind) => {
            return Cow::Owned(match language {
                Language::English => format!("Invalid data. Expected a dictionary, but got {kind}."),
                Language::Chinese => format!("无效数据。期待为字典类型，得到的是 {kind} 。"),
            });
        }
        Failure::Throttled { seconds } => {
            return Cow::Owned(match language {
                Language::English => format!("Request was throttled. Expected available in {seconds} seconds."),
                Language::Chinese => format!("请求已被限流。预计 {seconds} 秒后可用。"),
            });
        }
        Failure::Fields(_) => ("Invalid input.", "无效的输入。"),
        Failure::Refused(_) | Failure::ChargePostponed(_) => ("Refused.", "请求被拒绝。"),
    };
    Cow::Borrowed(match language {
        Language::English => english,
        Language::Chinese => chinese,
    })
}

fn credentials_text(failure: CredentialFailure) -> (&'static str, &'static str) {
    match failure {
        CredentialFailure::Missing => ("Authentication credentials were not provided.", "身份认证信息未提供。"),
        CredentialFailure::Empty => {
            ("Invalid token header. No credentials provided.", "无效的令牌头。没有提供认证信息。")
        }
        CredentialFailure::Spaces => (
            "Invalid token header. Token string should not contain spaces.",
            "无效的令牌头。令牌字符串不应该包含空格。",
        ),
        CredentialFailure::BadCharacters => (
            "Invalid token header. Token string should not contain invalid characters.",
            "无效的令牌头。令牌字符串不能包含非法的字符。",
        ),
        CredentialFailure::UnknownToken => ("Invalid token.", "无效的令牌。"),
        CredentialFailure::InactiveUser => ("User inactive or deleted.", "用户未激活或者已删除。"),
        CredentialFailure::Signature | CredentialFailure::SignedPayload => ("Invalid signature.", "签名无效。"),
    }
}

/// What is wrong with a field, in both languages.
pub(super) fn field_text(error: FieldError, language: Language) -> Cow<'static, str> {
    let (english, chinese) = match error {
        FieldError::Required => ("This field is required.", "该字段是必填项。"),
        FieldError::Null => ("This field may not be null.", "该字段不能为 null。"),
        FieldError::Blank => ("This field may not be blank.", "该字段不能为空。"),
        FieldError::NotText => ("Not a valid string.", "不是有效的字符串。"),
        FieldError::ControlCharacter => ("Control characters are not allowed.", "不允许使用控制字符。"),
        FieldError::Invalid => ("Enter a valid value.", "输入一个有效的值。"),
        FieldError::NotANumber => ("A valid number is required.", "请填写合法的数字。"),
        FieldError::TooManyDecimals => {
            ("Ensure that there are no more than 2 decimal places.", "请确保小数点后不超过 2 位。")
        }
        FieldError::NotPositive => ("Ensure this value is greater than 0.", "请确保该值大于 0。"),
        FieldError::NotAnInteger => ("A valid integer is required.", "请填写合法的整数值。"),
        FieldError::NotAList => ("Expected a list of items.", "期望为一个列表。"),
        FieldError::UnknownChoice => ("This is not a valid choice.", "不是合法选项。"),
        FieldError::Repeated => ("This field may be given only once.", "该字段只能出现一次。"),
        FieldError::ProductIdTaken => {
            ("product with this product id already exists.", "具有 product id 的 product 已存在。")
        }
        FieldError::TooLong { max } => {
            return Cow::Owned(match language {
                Language::English => format!("Ensure this field has no more than {max} characters."),
                Language::Chinese => format!("请确保这个字段不能超过 {max} 个字符。"),
            });
        }
        FieldError::TooShort { min } => {
            return Cow::Owned(match language {
                Language::English => format!("Ensure this field has at least {min} characters."),
                Language::Chinese => format!("请确保这个字段至少包含 {min} 个字符。"),
            });
        }
        FieldError::AboveMax(max) => {
            return Cow::Owned(match language {
                Language::English => format!("Ensure this value is less than or equal to {max}."),
                Language::Chinese => format!("请确保该值小于或者等于 {max}。"),
            });
        }
        FieldError::BadSelection { max } => {
            return Cow::Owned(match language {
                Language::English => format!("Ensure this list names each item once, from 1 to {max}."),
                Language::Chinese => format!("请确保列表中每项只出现一次，共 1 到 {max} 项。"),
            });
        }
    };
    Cow::Borrowed(match language {
        Language::English => english,
        Language::Chinese => chinese,
    })
}
