//! Tells a page, as long as it is open, that its payment has changed (server-sent events). What has
//! changed the page asks for itself; it also asks now and then, for where no events come through.

use super::opened::Opened;
use super::payment::Watched;
use super::query::PageQuery;
use crate::failure::Failure;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::Stream;
use futures_util::stream::unfold;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

/// How long between two looks at the store.
const PACE: Duration = Duration::from_secs(1);
/// After so many looks the page asks anew: a stream must not keep the server from ending, and who may
/// see a payment is asked for with each request.
const LOOKS: u32 = 15;

/// Says `changed` when the payment has changed, `done` when it will not change any more by itself.
pub(super) async fn events(opened: Opened, query: PageQuery, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let number = query.number.ok_or(Failure::NotFound)?;
    let watched = Watched::of(&opened, &number).await?;
    watched.history(&opened.state.services).await?;
    // This status tells a browser not to ask again.
    let Some(seat) = opened.state.streams.take_a_seat() else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let told = last_told(&request).or(query.pulse);
    let watch = Watch { opened, watched, told, looks: 0, is_over: false, _seat: seat };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // A proxy that collects replies before it passes them on is asked not to.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream(watch)))
}

/// What the browser heard last, when it asks anew.
fn last_told(request: &HttpRequest) -> Option<String> {
    let id = request.headers().get("last-event-id")?;
    id.to_str().ok().map(str::to_owned)
}

struct Watch {
    opened: Opened,
    watched: Watched,
    told: Option<String>,
    looks: u32,
    is_over: bool,
    _seat: OwnedSemaphorePermit,
}

fn stream(watch: Watch) -> impl Stream<Item = Result<Bytes, Infallible>> {
    unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(Bytes::from(event)), watch))
    })
}

impl Watch {
    /// The next thing to be told; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        let ends = |watch: &Self| watch.opened.state.draining.has_begun();
        while !self.is_over && self.looks < LOOKS && !ends(self) {
            if self.looks > 0 {
                sleep(PACE).await;
            }
            let event = self.look().await?;
            self.looks = self.looks.saturating_add(1);
            if !event.is_empty() {
                return Some(event);
            }
        }
        None
    }

    /// A store that fails ends the stream; the browser asks anew.
    async fn look(&mut self) -> Option<String> {
        let history = self.watched.history(&self.opened.state.services).await.ok()?;
        let pulse = history.pulse();
        // The first words go out at once, so that the browser knows the stream to be open.
        let mut event = if self.looks == 0 { "retry: 1000\n\n".to_owned() } else { String::new() };
        if self.told.as_ref() != Some(&pulse) {
            event.push_str(&format!("id: {pulse}\nevent: changed\ndata: 1\n\n"));
            self.told = Some(pulse);
        }
        if !history.is_live() {
            event.push_str("event: done\ndata: 1\n\n");
            self.is_over = true;
        }
        Some(event)
    }
}
