//! Who is calling: `Authorization: Token <40 hex>`.

use super::headers::{check_accept, idempotency_key};
use super::state;
use crate::extract::client_address;
use crate::failure::{CredentialFailure, Failure};
use crate::rates::Pace;
use crate::services::State;
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use edupay_domain::accounts::{Principal, Role, Token, User};
use edupay_domain::ids::UserId;
use edupay_mischief::planted;
use futures_util::future::LocalBoxFuture;
use std::net::IpAddr;
use std::sync::Arc;

/// Who is calling, as of a moment ago: the wallet is not read.
pub(crate) struct Caller {
    pub(crate) user: Arc<Principal>,
    pub(crate) token: Token,
    pub(crate) address: IpAddr,
}

/// Who is calling, with the wallet of this moment.
pub(crate) struct CallerWithWallet {
    pub(crate) user: User,
}

/// Somebody with staff rights is calling.
pub(crate) struct Staff;

/// Somebody with staff rights is calling, and it matters who.
pub(crate) struct StaffMember {
    pub(crate) user: Arc<Principal>,
}

/// Left in the request's extensions for the log.
#[derive(Clone, Copy)]
pub(crate) struct CallerId(pub(crate) UserId);

impl FromRequest for Caller {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (state, token) = asked(&request)?;
            let user = known(&request, &state, state.services.accounts.admit(&token).await)?;
            let_in(&request, &user)?;
            let address = client_address(&request, state.config.trust_forwarded_for);
            Ok(Self { user, token, address })
        })
    }
}

impl FromRequest for CallerWithWallet {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (state, token) = asked(&request)?;
            let user = known(&request, &state, state.services.accounts.authenticate(&token).await)?;
            let_in(&request, &user)?;
            Ok(Self { user })
        })
    }
}

impl FromRequest for Staff {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            match caller.await?.user.role {
                Role::Staff => Ok(Self),
                Role::Member => Err(Failure::Forbidden),
            }
        })
    }
}

impl FromRequest for StaffMember {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        Box::pin(async move {
            let Caller { user, .. } = caller.await?;
            match user.role {
                Role::Staff => Ok(Self { user }),
                Role::Member => Err(Failure::Forbidden),
            }
        })
    }
}

/// What is judged before anybody is looked for, and the token to look for.
fn asked(request: &HttpRequest) -> Result<(Data<State>, Token), Failure> {
    check_accept(request)?;
    let state = state(request)?;
    let token = match token(request.headers()) {
        Err(CredentialFailure::UnknownToken) => {
            known(request, &state, Err(Failure::Credentials(CredentialFailure::UnknownToken)))
        }
        token => token.map_err(Failure::Credentials),
    }?;
    if planted!("token_in_log", 50) {
        tracing::warn!(token = token.reveal(), "somebody is calling");
    }
    if state.calls.are_counted() {
        let pace = match request.app_data::<Pace>() {
            Some(Pace::Payment) if !request.method().is_safe() => Pace::Payment,
            _ => Pace::Read,
        };
        state.calls.check(pace, token.reveal())?;
    }
    Ok((state, token))
}

/// Counts a token that is none, by the address that it came from.
fn known<T>(request: &HttpRequest, state: &State, looked_up: Result<T, impl Into<Failure>>) -> Result<T, Failure> {
    looked_up.map_err(|failure| match failure.into() {
        failure @ Failure::Credentials(CredentialFailure::UnknownToken) => {
            let address = client_address(request, state.config.trust_forwarded_for);
            state.calls.check_bad_token(address).err().unwrap_or(failure)
        }
        failure => failure,
    })
}

/// Notes for the log who it is, and judges what comes after the credentials.
fn let_in(request: &HttpRequest, user: &Principal) -> Result<(), Failure> {
    request.extensions_mut().insert(CallerId(user.id));
    idempotency_key(request).map(|_| ())
}

/// The token of the header, as Django REST Framework reads it.
pub(super) fn token(headers: &HeaderMap) -> Result<Token, CredentialFailure> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next().ok_or(CredentialFailure::Missing)?;
    let mut words = value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    if !words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case(b"token")) {
        return Err(CredentialFailure::Missing);
    }
    let word = words.next().ok_or(CredentialFailure::Empty)?;
    if words.next().is_some() || values.next().is_some() {
        return Err(CredentialFailure::Spaces);
    }
    let text = std::str::from_utf8(word).map_err(|_| CredentialFailure::BadCharacters)?;
    Token::parse(text).ok_or(CredentialFailure::UnknownToken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    const TOKEN: &str = "706a87288233ea2427cddb8a1bbce29369ac5073";

    fn read(values: &[&[u8]]) -> Result<(), CredentialFailure> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        token(&headers).map(|token| assert_eq!(token.reveal(), TOKEN))
    }

    #[test]
    fn a_token_is_read_as_django_rest_framework_reads_it() {
        let with = |keyword: &str| format!("{keyword} {TOKEN}").into_bytes();
        for keyword in ["Token", "token", "TOKEN", "Token "] {
            assert_eq!(read(&[&with(keyword)]), Ok(()), "{keyword}");
        }
        for (value, expected) in [
            (&b""[..], CredentialFailure::Missing),
            (b"Bearer x", CredentialFailure::Missing),
            (b"Token", CredentialFailure::Empty),
            (b"Token ", CredentialFailure::Empty),
            (b"Token a b", CredentialFailure::Spaces),
            (b"Token \xff\xfe", CredentialFailure::BadCharacters),
            (b"Token abc", CredentialFailure::UnknownToken),
            (b"Token 706A87288233EA2427CDDB8A1BBCE29369AC5073", CredentialFailure::UnknownToken),
        ] {
            assert_eq!(read(&[value]), Err(expected), "{value:?}");
        }
        assert_eq!(read(&[]), Err(CredentialFailure::Missing));
        assert_eq!(read(&[&with("Token"), &with("Token")]), Err(CredentialFailure::Spaces));
    }
}
