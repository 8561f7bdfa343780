//! What must hold of addresses that events are sent to. Each claim is a function of bytes that panics when it
//! is broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

use edupay_domain::event_delivery::{EndpointUrl, Host, is_public};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::http::Uri;

/// An address that is taken leads, for the client that connects, to the host that was judged, by the same
/// scheme, with no user and with a port that there is.
pub fn endpoint_urls(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(url) = EndpointUrl::parse(text) else { return };
    assert_eq!(url.as_str(), text);
    let uri = text.parse::<Uri>();
    let uri = uri.as_ref().ok().filter(|uri| uri.scheme_str() == Some(if url.is_https() { "https" } else { "http" }));
    let host = uri.and_then(Uri::host).map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase());
    let judged = match url.host() {
        Host::Address(address) => host.as_ref().is_some_and(|host| host.parse() == Ok(*address)),
        // A name is none that a resolver could take for an address.
        Host::Name(name) => host.as_ref() == Some(name) && name.parse::<IpAddr>().is_err(),
    };
    assert!(judged, "{text} {uri:?}");
    let authority = uri.and_then(Uri::authority).map_or("", |authority| authority.as_str());
    assert!(!authority.is_empty() && !authority.contains('@'));
    assert_ne!(uri.and_then(Uri::port_u16), Some(0));
    if let Host::Address(address) = url.host() {
        public(*address);
    }
}

/// No address of this machine, of a network of one's own or of nobody is public. The input is an address of
/// four or sixteen bytes, or a text.
pub fn addresses(data: &[u8]) {
    if let Ok(bytes) = <[u8; 4]>::try_from(data) {
        public(Ipv4Addr::from(bytes).into());
    }
    if let Ok(bytes) = <[u8; 16]>::try_from(data) {
        public(Ipv6Addr::from(bytes).into());
    }
    if let Some(address) = std::str::from_utf8(data).ok().and_then(|text| text.parse().ok()) {
        public(address);
    }
}

fn public(address: IpAddr) {
    let judged = is_public(address);
    match address {
        IpAddr::V4(address) => {
            assert_eq!(judged, public_v4(address), "{address}");
            assert_eq!(is_public(address.to_ipv6_mapped().into()), judged);
            let [a, b, c, d] = address.octets();
            let nat64 = Ipv6Addr::from([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
            assert_eq!(is_public(nat64.into()), judged);
        }
        IpAddr::V6(address) => {
            if let Some(inner) = address.to_ipv4_mapped() {
                assert_eq!(judged, public_v4(inner));
            } else if judged {
                let [first, second, ..] = address.segments();
                let global = (0x2000..=0x3fff).contains(&first) || (first, second) == (0x64, 0xff9b);
                assert!(global && (first, second) != (0x2001, 0xdb8) && first != 0x2002, "{address}");
                assert!(!address.is_loopback() && !address.is_multicast() && !address.is_unique_local());
                assert!(!address.is_unicast_link_local() && !address.is_unspecified());
            }
        }
    }
}

/// As the standard library and the registry say it, network by network.
fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let benchmark = a == 198 && matches!(b, 18 | 19);
    let nobodys = a == 0 || a >= 240;
    let own = address.is_loopback() || address.is_private() || address.is_link_local();
    !(own || address.is_multicast() || address.is_documentation() || shared || protocols || benchmark || nobodys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_an_address_says_it_is_judged_as_it_is_used() {
        hold("endpoint_urls", endpoint_urls);
        hold("addresses", addresses);
    }
}
