//! The payer's address, which the gateway wants to know.

use crate::config::ForwardedFor;
use actix_web::HttpRequest;
use std::net::{IpAddr, Ipv4Addr};

/// The address of the connection, or what our own proxy says of it. Never the client's word.
pub(crate) fn client_address(request: &HttpRequest, trust: ForwardedFor) -> IpAddr {
    let forwarded = || {
        let last = request.headers().get_all("x-forwarded-for").last()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    let believed = match trust {
        ForwardedFor::Ignored => None,
        ForwardedFor::LastEntry => forwarded(),
    };
    let address = believed.or_else(|| request.peer_addr().map(|peer| peer.ip()));
    // A socket for both families tells `::ffff:192.0.2.1` for an IPv4 peer, which a gateway may refuse.
    address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_last_entry_of_a_trusted_proxy_is_believed() {
        let request = TestRequest::default()
            .peer_addr("192.0.2.1:5000".parse().unwrap())
            .append_header(("X-Forwarded-For", "203.0.113.9, 198.51.100.7"))
            .to_http_request();
        let address = |trust| client_address(&request, trust).to_string();
        assert_eq!(address(ForwardedFor::Ignored), "192.0.2.1");
        assert_eq!(address(ForwardedFor::LastEntry), "198.51.100.7");
        let mapped = TestRequest::default().peer_addr("[::ffff:192.0.2.1]:5000".parse().unwrap()).to_http_request();
        assert_eq!(client_address(&mapped, ForwardedFor::Ignored).to_string(), "192.0.2.1");
        let odd = TestRequest::default().append_header(("X-Forwarded-For", "unknown")).to_http_request();
        assert_eq!(client_address(&odd, ForwardedFor::LastEntry), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
}
