//! Which addresses belong to the public internet. Everything else is ours, a neighbour's or nobody's, and
//! an event that went there could be told to what should not hear it.

use super::super::error::UrlRefusal;
use super::super::model::{AddressPolicy, EndpointUrl, Host};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of four that are not public (IANA's special-purpose registry), with their lengths.
const NOT_PUBLIC_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Inside 2000::/3, outside of which nothing is public: protocol assignments with Teredo, documentation,
/// and 6to4, which leads to an address of four of anybody's choosing.
const NOT_PUBLIC_V6: &[([u16; 2], u32)] =
    &[([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Whether an address is one of the public internet. An address of four inside one of six is judged as
/// what it leads to.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !NOT_PUBLIC_V4.iter().any(|(network, length)| same_start(bits, u32::from(Ipv4Addr::from(*network)), *length))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let start = |[high, low]: [u16; 2]| u32::from(high).wrapping_shl(16) | u32::from(low);
    let bits = start([first, second]);
    same_start(bits, start([0x2000, 0]), 3)
        && !NOT_PUBLIC_V6.iter().any(|(network, length)| same_start(bits, start(*network), *length))
}

/// What ::ffff:0:0/96 and the well-known prefix of NAT64, 64:ff9b::/96, lead to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from(u32::from(high).wrapping_shl(16) | u32::from(low)))
        }
        _ => None,
    }
}

/// Whether two numbers agree in their first bits.
fn same_start(one: u32, other: u32, length: u32) -> bool {
    let rest = u32::BITS.saturating_sub(length);
    one.checked_shr(rest) == other.checked_shr(rest)
}

/// Whether events may be sent there, as far as its text tells. Where a name leads is seen when something
/// is sent.
pub(super) fn may_be_used(url: &EndpointUrl, addresses: AddressPolicy) -> Result<(), UrlRefusal> {
    if addresses == AddressPolicy::Any {
        return Ok(());
    }
    if !url.is_https() {
        return Err(UrlRefusal::NotHttps);
    }
    let public = match url.host() {
        Host::Address(address) => is_public(*address),
        Host::Name(name) => name.contains('.') && !name.ends_with(".localhost"),
    };
    if public { Ok(()) } else { Err(UrlRefusal::NotPublic) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2001:1ff::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2400:3200::1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_is_registered_is_https_and_no_private_address() {
        for (text, expected) in [
            ("https://hooks.example.com/a", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("https://[2606:4700::1111]:8443/", Ok(())),
            ("http://hooks.example.com/a", Err(UrlRefusal::NotHttps)),
            ("https://localhost/", Err(UrlRefusal::NotPublic)),
            ("https://a.localhost/", Err(UrlRefusal::NotPublic)),
            ("https://hooks/", Err(UrlRefusal::NotPublic)),
            ("https://127.0.0.1/", Err(UrlRefusal::NotPublic)),
            ("https://[::1]/", Err(UrlRefusal::NotPublic)),
            ("https://[::ffff:127.0.0.1]/", Err(UrlRefusal::NotPublic)),
            ("https://169.254.169.254/latest", Err(UrlRefusal::NotPublic)),
        ] {
            let url = EndpointUrl::parse(text).unwrap();
            assert_eq!(may_be_used(&url, AddressPolicy::PublicOnly), expected, "{text}");
            assert_eq!(may_be_used(&url, AddressPolicy::Any), Ok(()), "{text}");
        }
    }
}
