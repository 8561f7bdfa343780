//! The address of an endpoint, read strictly: what two readers could take for two things is refused.

use super::super::error::UrlRefusal;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses events may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// https, and nothing but public addresses.
    PublicOnly,
    /// For development: plain http too, and addresses of one's own machine and network.
    Any,
}

/// Who an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address of four or six, written as it always is.
    Address(IpAddr),
    /// A name for the resolver.
    Name(String),
}

/// The address of an endpoint: `https://` (or `http://`), a host, perhaps a port, a path and a query.
///
/// It is never shown in a log: its path may be a secret of the receiver's.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    text: String,
    host: Host,
    is_https: bool,
}

impl EndpointUrl {
    /// The longest address, in bytes.
    pub const MAX: usize = 2_000;

    /// Reads an address. Refused are a user before an `@`, a fragment, a backslash, anything but visible
    /// ASCII, what no address has unescaped (`"`, `<`, `>`, a backtick), and numbers in another form than the
    /// plain one (`0x7f.1`, `017700000001`, `2130706433`).
    ///
    /// # Errors
    /// [`UrlRefusal::Malformed`].
    pub fn parse(text: &str) -> Result<Self, UrlRefusal> {
        let malformed = UrlRefusal::Malformed;
        let belongs = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'`');
        if text.len() > Self::MAX || !text.bytes().all(belongs) {
            return Err(malformed);
        }
        let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(malformed),
        };
        if rest.contains('#') {
            return Err(malformed);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host(authority).ok_or(malformed)?;
        Ok(Self { text: text.to_owned(), host, is_https })
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Who it leads to.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether it is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointUrl(…)")
    }
}

/// The host of an authority whose port, if there is one, is a number.
fn host(authority: &str) -> Option<Host> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let good = rest.is_empty() || is_port(rest.strip_prefix(':')?);
        return good.then_some(Host::Address(address.into()));
    }
    let name = match authority.split_once(':') {
        Some((name, port)) => is_port(port).then_some(name)?,
        None => authority,
    };
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Some(Host::Address(address.into()));
    }
    is_name(name).then(|| Host::Name(name.to_ascii_lowercase()))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A name of labels whose last one is no number in any form, since resolvers take those for addresses.
fn is_name(name: &str) -> bool {
    const LONGEST: usize = 253;
    const LONGEST_LABEL: usize = 63;
    let is_label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        plain && !label.is_empty() && label.len() <= LONGEST_LABEL && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    name.len() <= LONGEST && name.split('.').all(is_label) && !is_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_address_is_read() {
        for (text, host) in [
            ("https://hooks.example.com/edupay?key=1", Host::Name("hooks.example.com".to_owned())),
            ("https://Hooks.Example.com", Host::Name("hooks.example.com".to_owned())),
            ("http://localhost:8080/", Host::Name("localhost".to_owned())),
            ("https://203.0.113.7:8443/a", Host::Address("203.0.113.7".parse().unwrap())),
            ("https://[2001:db8::1]:443/a@b", Host::Address("2001:db8::1".parse().unwrap())),
            ("https://[::ffff:127.0.0.1]", Host::Address("::ffff:127.0.0.1".parse().unwrap())),
        ] {
            let url = EndpointUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((url.as_str(), url.host()), (text, &host));
            assert_eq!(url.is_https(), text.starts_with("https"));
        }
        let long = |length| EndpointUrl::parse(&format!("{:a<length$}", "https://hooks.example.com/")).is_ok();
        assert!(long(EndpointUrl::MAX) && !long(EndpointUrl::MAX + 1));
    }

    #[test]
    fn what_may_be_read_in_two_ways_is_refused() {
        for text in [
            "",
            "hooks.example.com",
            "ftp://hooks.example.com",
            "HTTPS://hooks.example.com",
            "https://",
            "https:///path",
            "https://user@hooks.example.com",
            "https://hooks.example.com@127.0.0.1/",
            "https://hooks.example.com#@127.0.0.1",
            "https://hooks.example.com\\@127.0.0.1",
            "https://hooks.example.com:0",
            "https://hooks.example.com:",
            "https://hooks.example.com:65536",
            "https://hooks.example.com:80:80",
            "https://hooks..example.com",
            "https://hooks.example.com.",
            "https://-hooks.example.com",
            "https://hooks.exa mple.com",
            "https://hooks.example.com/<id>",
            "https://hooks.example.com/?key=\"1\"",
            "https://hooks.example.com/`",
            "https://höoks.example.com",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://017700000001/",
            "https://127.0.0.0x1/",
            "https://127.0.0.1.:80/",
            "https://[::1",
            "https://[::1]x",
            "https://[fe80::1%25eth0]/",
            "https://::1/",
        ] {
            assert_eq!(EndpointUrl::parse(text), Err(UrlRefusal::Malformed), "{text}");
        }
        assert_eq!(EndpointUrl::parse(&format!("https://a.b/{}", "c".repeat(2_000))), Err(UrlRefusal::Malformed));
    }

    #[test]
    fn a_name_has_labels_of_63_characters_at_most_and_253_in_all() {
        let label = |length: usize| "a".repeat(length);
        let full = [label(63), label(63), label(63)].join(".");
        for (name, expected) in [
            ("my-hooks_1.example.com".to_owned(), true),
            (format!("{}.com", label(63)), true),
            (format!("{}.com", label(64)), false),
            (format!("{full}.{}", label(61)), true),
            (format!("{full}.{}", label(62)), false),
            ("hooks-.example.com".to_owned(), false),
            ("hooks.example.0X7f".to_owned(), false),
            ("hooks.example.x7f".to_owned(), true),
        ] {
            assert_eq!(EndpointUrl::parse(&format!("https://{name}/")).is_ok(), expected, "{name}");
        }
    }

    #[test]
    fn an_address_is_not_shown() {
        let url = EndpointUrl::parse("https://hooks.example.com/canary").unwrap();
        assert_eq!(format!("{url:?}"), "EndpointUrl(…)");
    }
}
