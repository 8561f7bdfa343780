//! One extractor after the other: who is calling is settled before the body is read.

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

/// `A`, and only then `B`. Separate arguments of a handler would be extracted side by side.
pub(crate) struct InOrder<A, B>(pub(crate) A, pub(crate) B);

impl<A, B> FromRequest for InOrder<A, B>
where
    A: FromRequest + 'static,
    B: FromRequest + 'static,
{
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let first = A::from_request(&request, &mut Payload::None).await.map_err(Into::into)?;
            let second = B::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self(first, second))
        })
    }
}
