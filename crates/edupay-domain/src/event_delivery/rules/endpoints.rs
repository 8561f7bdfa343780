//! Which endpoints there may be, and how one is changed.

use super::super::error::{EndpointRefusal, UrlRefusal};
use super::super::model::{
    Change, ChangeEndpoint, Endpoint, EndpointDescription, EndpointSecret, EndpointState, RegisterEndpoint, Replay,
};
use super::addresses::may_be_used;
use crate::clock::Timestamp;

/// How many endpoints there may be: each has a thread at times.
pub const MAX_ENDPOINTS: usize = 50;
/// How many secrets of an endpoint may be good at once: each makes its messages longer.
pub const MAX_SECRETS: usize = 5;

/// An endpoint of what is wanted, where there are so many already. It is active at once.
///
/// # Errors
/// [`EndpointRefusal::TooMany`], [`EndpointRefusal::Url`].
pub fn register_endpoint(command: &RegisterEndpoint, known: usize) -> Result<Endpoint, EndpointRefusal> {
    may_be_used(&command.url, command.addresses).map_err(EndpointRefusal::Url)?;
    if known >= MAX_ENDPOINTS {
        return Err(EndpointRefusal::TooMany);
    }
    Ok(Endpoint {
        id: command.id,
        url: command.url.clone(),
        description: command.description.clone(),
        wants: command.wants.clone(),
        state: EndpointState::Active,
        secrets: vec![EndpointSecret { secret: command.secret.clone(), created_at: command.at, expires_at: None }],
        created_at: command.at,
        leased_until: None,
        paused_until: None,
        replay: None,
    })
}

/// The endpoint after a change. A repeat of any but a replay changes nothing more.
///
/// # Errors
/// [`EndpointRefusal`].
pub fn change_endpoint(command: &ChangeEndpoint, endpoint: &Endpoint) -> Result<Endpoint, EndpointRefusal> {
    if endpoint.state == EndpointState::Removed {
        return Err(EndpointRefusal::NotFound);
    }
    let mut changed = endpoint.clone();
    match &command.change {
        Change::Describe { url, description, wants, addresses } => {
            let used: Result<(), UrlRefusal> = may_be_used(url, *addresses);
            used.map_err(EndpointRefusal::Url)?;
            if *url != endpoint.url {
                // What the old address still answers, or has asked for, does not bind the new one.
                (changed.leased_until, changed.paused_until) = (None, None);
            }
            changed.url = url.clone();
            changed.description = description.clone();
            changed.wants = wants.clone();
        }
        Change::Enable => {
            changed.state = EndpointState::Active;
            changed.paused_until = None;
        }
        Change::Disable => changed.state = EndpointState::Disabled,
        // The same secret again is a repeat.
        Change::RotateSecret { secret, .. } if endpoint.secrets.iter().any(|known| known.secret == *secret) => {}
        Change::RotateSecret { secret, older_until } => {
            changed.secrets = still_good(&endpoint.secrets, *older_until, command.at);
            if changed.secrets.len() >= MAX_SECRETS {
                return Err(EndpointRefusal::TooManySecrets);
            }
            let newest = EndpointSecret { secret: secret.clone(), created_at: command.at, expires_at: None };
            changed.secrets.insert(0, newest);
        }
        Change::Replay { since } => {
            if *since > command.at {
                return Err(EndpointRefusal::SinceInFuture);
            }
            if endpoint.replay.is_some() {
                return Err(EndpointRefusal::Replaying);
            }
            changed.replay = Some(Replay { since: *since, until: command.at, after: None });
        }
        Change::Remove => {
            changed.state = EndpointState::Removed;
            changed.description = EndpointDescription::default();
            changed.secrets = Vec::new();
            changed.replay = None;
        }
    }
    Ok(changed)
}

/// Older secrets with the end of their time, less those whose time is over.
fn still_good(secrets: &[EndpointSecret], until: Timestamp, at: Timestamp) -> Vec<EndpointSecret> {
    let ending = secrets.iter().map(|older| {
        let expires_at = older.expires_at.map_or(until, |expires_at| expires_at.min(until));
        (expires_at, EndpointSecret { expires_at: Some(expires_at), ..older.clone() })
    });
    ending.filter(|(expires_at, _)| at < *expires_at).map(|(_, older)| older).collect()
}
