//! Addresses as people type them, checked before anything is dialled.
//!
//! Three kinds: a task manager's router and a service's own port (`ws://host:port`, behind a proxy with the base path under
//! which it has them) and the base of a JupyterHub (`http(s)://hub/base`). A bad one becomes a [`Problem`] that says what would be right; nothing here
//! panics, resolves a name, or shows a password that somebody put into an address.

use std::{fmt, net::Ipv6Addr};

use tokio_tungstenite::tungstenite::http::Uri;

use super::problem::{problem, tidy};
use crate::wire::{
    Text,
    link::{Problem, ProblemKind},
};

/// Juice's default port of the task manager's router.
pub const ROUTER_PORT: u16 = 5124;
/// Juice's default port of a service's own task server.
pub const SERVICE_PORT: u16 = 5120;
/// Juice's default port of the bus over ZeroMQ, for those who listen.
pub const BUS_PORT: u16 = 5123;

/// A host and a port that can be dialled, with or without TLS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// `wss` rather than `ws`.
    pub tls: bool,
    /// A name or an IP address; IPv6 without its brackets.
    pub host: String,
    /// From 1.
    pub port: u16,
    /// What a proxy has before the paths of what listens behind it: `/lab1`, with no slash at its end; empty where there is
    /// none.
    pub base: String,
}

impl fmt::Display for Address {
    /// `ws://host:port/base`, with the brackets that an IPv6 address needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", authority(&self.host, self.port), self.base)
    }
}

/// `host:port`, as it stands in a URL and in a `Host` header.
pub fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl Address {
    /// Reads the address of a task manager's router: `ws://host:port`, `wss://host:port`, `host:port` or `host`, each with or
    /// without the base path of a proxy and a final slash. `/tasks` or `/remote-sub` at its end is the router's own and not
    /// doubled. Without a port it is [`ROUTER_PORT`], under `wss` too; with a base path that of the web, 80 or 443: there
    /// listens a proxy.
    ///
    /// # Errors
    /// [`ProblemKind::BadAddress`], with what would be right.
    pub fn router(text: &str) -> Result<Address, Problem> {
        Address::parse(text, ROUTER_PORT)
    }

    /// Reads the address of a service's own port, as [`Address::router`]; without a port it is [`SERVICE_PORT`].
    ///
    /// # Errors
    /// As [`Address::router`].
    pub fn service(text: &str) -> Result<Address, Problem> {
        Address::parse(text, SERVICE_PORT)
    }

    /// Reads where the bus of an older Juice is heard: `tcp://host:port`, `host:port` or `host`; without a port it is
    /// [`BUS_PORT`].
    ///
    /// # Errors
    /// As [`Address::router`].
    pub fn bus(text: &str) -> Result<Address, Problem> {
        let text = text.trim();
        let form = "The bus of an older Juice is written tcp://HOST:PORT";
        let rest = match split_scheme(text) {
            (None, rest) => rest,
            (Some(scheme), rest) if scheme.eq_ignore_ascii_case("tcp") => rest,
            (Some(_), _) => return Err(bad(text, "does not start with tcp://", form)),
        };
        let (host, port, path) = split_authority(text, rest, BUS_PORT)?;
        if !matches!(path, "" | "/") {
            return Err(bad(text, "has a path", form));
        }
        checked(text, Address { tls: false, host, port, base: String::new() })
    }

    fn parse(text: &str, default_port: u16) -> Result<Address, Problem> {
        let text = text.trim();
        let (tls, rest) = match split_scheme(text) {
            (None, rest) => (false, rest),
            (Some(s), rest) if s.eq_ignore_ascii_case("ws") => (false, rest),
            (Some(s), rest) if s.eq_ignore_ascii_case("wss") => (true, rest),
            (Some(s), _) if s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https") => {
                let remedy = "A task manager has a ws:// address; a JupyterHub is given with --edge";
                return Err(bad(text, "starts with http", remedy));
            }
            (Some(_), _) => {
                return Err(bad(
                    text,
                    "has an unknown scheme",
                    "It starts with ws:// or wss://, or with the host",
                ));
            }
        };
        let rest_of = |port| split_authority(text, rest, port);
        let (host, mut port, path) = rest_of(default_port)?;
        let mut base = path.trim_end_matches('/');
        while let Some(shorter) = base.strip_suffix("/tasks").or_else(|| base.strip_suffix("/remote-sub")) {
            base = shorter.trim_end_matches('/');
        }
        if !base.is_empty() {
            port = rest_of(if tls { 443 } else { 80 })?.1;
        }
        checked(text, Address { tls, host, port, base: base.to_owned() })
    }
}

/// Reads `NAME=ws://host:port`, the value of `--service`; the address comes back in its plain form.
///
/// # Errors
/// [`ProblemKind::BadAddress`], with what would be right.
pub fn parse_service(text: &str) -> Result<(Text, String), Problem> {
    let form = "It is written NAME=ws://host:port, e.g. lab=ws://juice-lab:5120";
    let Some((name, url)) = text.split_once('=') else {
        return Err(bad(text, "names no service", form));
    };
    let name = name.trim();
    if name.is_empty() || name.contains("://") {
        return Err(bad(text, "names no service", form));
    }
    Ok((Text::from(name), Address::service(url)?.to_string()))
}

/// Where a JupyterHub's edge gateway listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The hub's host and port.
    pub address: Address,
    /// The whole path of the bus: `/hub/sub` after the hub's base path.
    pub path: String,
}

/// Reads a hub's base, `http(s)://hub/base`, with or without a final slash. A final `/hub` is the hub's own
/// (what a browser shows) and not doubled; without a port it is 80 or 443.
///
/// # Errors
/// [`ProblemKind::BadAddress`], with what would be right.
pub fn parse_edge(text: &str) -> Result<Edge, Problem> {
    let text = text.trim();
    let form = "The hub's base is written http://hub:8888 or https://hub/base";
    let (tls, rest) = match split_scheme(text) {
        (Some(s), rest) if s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("ws") => (false, rest),
        (Some(s), rest) if s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("wss") => (true, rest),
        _ => return Err(bad(text, "does not start with http:// or https://", form)),
    };
    let (host, port, path) = split_authority(text, rest, if tls { 443 } else { 80 })?;
    let base = path.trim_end_matches('/');
    let base = base.strip_suffix("/hub/sub").or_else(|| base.strip_suffix("/hub")).unwrap_or(base);
    let edge = Edge {
        address: checked(text, Address { tls, host, port, base: String::new() })?,
        path: format!("{}/hub/sub", base.trim_end_matches('/')),
    };
    if is_path(&edge.path) { Ok(edge) } else { Err(bad(text, NO_PATH, form)) }
}

const NO_PATH: &str = "has a path that no URL can have";

/// A URL can have it as it is written.
fn is_path(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_graphic()) && path.parse::<Uri>().is_ok_and(|uri| uri.path() == path)
}

fn split_scheme(text: &str) -> (Option<&str>, &str) {
    match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    }
}

/// Host, port and path of what stands after `://`.
fn split_authority<'a>(
    text: &str,
    rest: &'a str,
    default_port: u16,
) -> Result<(String, u16, &'a str), Problem> {
    if rest.contains(['?', '#']) {
        return Err(bad(text, "has a query", "Leave out everything from the ? or # on"));
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(bad(text, "holds a user name", "Leave out what stands before the @"));
    }
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Ok((authority.to_owned(), default_port, path));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let Some((host, after)) = inner.split_once(']') else {
                return Err(bad(text, "has a [ without its ]", "An IPv6 address is written ws://[::1]:5124"));
            };
            if host.contains('%') {
                let remedy = "Use a name, an address of a wider scope, or an ssh tunnel";
                return Err(bad(text, "holds an IPv6 zone, which cannot be used here", remedy));
            }
            if host.parse::<Ipv6Addr>().is_err() {
                let remedy = "An IPv6 address is written ws://[::1]:5124";
                return Err(bad(text, "has no IPv6 address between its brackets", remedy));
            }
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return Err(bad(text, "goes on after the ]", "A port is written ws://[::1]:5124")),
            }
        }
        None => match authority.split_once(':') {
            Some((_, more)) if more.contains(':') => {
                let remedy = "An IPv6 address is written in brackets: ws://[::1]:5124";
                return Err(bad(text, "has more than one colon", remedy));
            }
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err(bad(
            text,
            "names no host",
            "It is written ws://host:port, e.g. ws://juice-task-manager:5124",
        ));
    }
    let port = match port {
        None => default_port,
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => number,
            _ => {
                return Err(bad(text, "has a port that is no number from 1 to 65535", "E.g. ws://host:5124"));
            }
        },
    };
    Ok((host.to_owned(), port, path))
}

/// The address, if a URL can hold it.
fn checked(text: &str, address: Address) -> Result<Address, Problem> {
    let named =
        address.host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
    let bare = Address { base: String::new(), ..address.clone() };
    if !named || format!("{bare}/").parse::<Uri>().is_err() {
        return Err(bad(
            text,
            "has a host name with characters that none can have",
            "Letters, digits, dots and dashes",
        ));
    }
    if !is_path(&format!("{}/", address.base)) {
        return Err(bad(text, NO_PATH, "A proxy's base path is written ws://host/base"));
    }
    Ok(address)
}

fn bad(text: &str, fault: &str, remedy: &str) -> Problem {
    let shown =
        if text.contains('@') { "(not shown: it may hold a password)".to_owned() } else { tidy(text, 200) };
    problem(ProblemKind::BadAddress, format!("The address {shown:?} {fault}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(text: &str) -> String {
        Address::router(text)
            .map_or_else(|p| format!("{:?}: {} | {}", p.kind, p.what, p.remedy), |a| a.to_string())
    }

    #[test]
    fn what_people_type_becomes_one_form() {
        for (typed, form) in [
            ("ws://juice-task-manager:5124", "ws://juice-task-manager:5124"),
            ("ws://127.0.0.1:7324/", "ws://127.0.0.1:7324"),
            ("127.0.0.1:7324", "ws://127.0.0.1:7324"),
            ("lab-host", "ws://lab-host:5124"),
            ("WSS://lab.example.org:443", "wss://lab.example.org:443"),
            ("wss://lab.example.org", "wss://lab.example.org:5124"),
            (" ws://[::1]:7324 ", "ws://[::1]:7324"),
            ("[::1]", "ws://[::1]:5124"),
            ("::1", "ws://[::1]:5124"),
            ("ws://host:5124/tasks", "ws://host:5124"),
            ("ws://host/remote-sub/", "ws://host:5124"),
            ("wss://proxy.example.org/lab1/", "wss://proxy.example.org:443/lab1"),
            ("wss://proxy.example.org/lab1", "wss://proxy.example.org:443/lab1"),
            ("proxy/a/b//", "ws://proxy:80/a/b"),
            ("ws://proxy:8080/lab1", "ws://proxy:8080/lab1"),
            ("ws://proxy/lab1/tasks", "ws://proxy:80/lab1"),
            ("wss://proxy:8443/lab/tasks/remote-sub/", "wss://proxy:8443/lab"),
            ("[::1]/lab%201", "ws://[::1]:80/lab%201"),
        ] {
            assert_eq!(router(typed), form, "{typed}");
        }
    }

    #[test]
    fn bad_addresses_say_what_would_be_right() {
        for (typed, says) in [
            ("", "host"),
            ("ws://", "host"),
            ("ws://[", "]"),
            ("ws://[::1/x", "]"),
            ("ws://[fe80::1%25lo]", "zone"),
            ("ws://[fe80::1%25lo]:5124", "zone"),
            ("ws://[::1]5124", "after"),
            ("ws://[not-v6]:1", "brackets"),
            ("ws://host/a b", "path"),
            ("ws://host/é", "path"),
            ("ws://host/lab1?token=x", "?"),
            ("ws://host:0", "65535"),
            ("ws://host:65536", "65535"),
            ("ws://host:+80", "65535"),
            ("ws://host:", "65535"),
            ("ws://a:1:2", "brackets"),
            ("http://hub:8888", "--edge"),
            ("ftp://x", "ws://"),
            ("ws://host?x", "?"),
            ("ws://ho st", "Letters"),
            ("ws://h\u{1b}[31m", "Letters"),
            ("ws://é", "Letters"),
        ] {
            let told = router(typed);
            assert!(told.starts_with("BadAddress") && told.contains(says), "{typed:?} → {told}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let told = router("ws://me:s3cret@host:5124");
        assert!(told.starts_with("BadAddress") && !told.contains("s3cret"), "{told}");
    }

    #[test]
    fn services_are_named() {
        assert_eq!(parse_service("lab=ws://h:7330").unwrap(), ("lab".into(), "ws://h:7330".to_owned()));
        assert_eq!(parse_service("lab=h").unwrap().1, "ws://h:5120");
        assert_eq!(parse_service("lab=wss://p/lab/").unwrap().1, "wss://p:443/lab");
        for typed in ["ws://h:7330", "=ws://h:1", "lab", "lab=", "ws://h:1?a=b"] {
            assert!(parse_service(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_hubs_base_path_is_neither_doubled_nor_lost() {
        for (base, url) in [
            ("http://hub:8888", "ws://hub:8888/hub/sub"),
            ("http://hub:8888/", "ws://hub:8888/hub/sub"),
            ("http://hub:8888/jupyter", "ws://hub:8888/jupyter/hub/sub"),
            ("http://hub:8888/jupyter/", "ws://hub:8888/jupyter/hub/sub"),
            ("https://hub/jupyter/", "wss://hub:443/jupyter/hub/sub"),
            ("https://hub/a/b", "wss://hub:443/a/b/hub/sub"),
            ("http://hub/hub/", "ws://hub:80/hub/sub"),
            ("http://hub/jupyter/hub", "ws://hub:80/jupyter/hub/sub"),
            ("http://[::1]:8888/j", "ws://[::1]:8888/j/hub/sub"),
        ] {
            let edge = parse_edge(base).unwrap();
            assert_eq!(format!("{}{}", edge.address, edge.path), url, "{base}");
        }
        for base in
            ["hub:8888", "ftp://hub", "http://", "http://hub/a b", "http://hub/?token=x", "http://u:p@hub"]
        {
            assert_eq!(parse_edge(base).unwrap_err().kind, ProblemKind::BadAddress, "{base}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (Address::router(&text), parse_service(&text), parse_edge(&text));
        }
        #[test]
        fn the_plain_form_reads_back(text in "(ws://|wss://)?[a-z0-9.-]{1,12}(:[0-9]{1,5})?(/(tasks|lab|~a)){0,3}/?") {
            if let Ok(address) = Address::router(&text) {
                proptest::prop_assert_eq!(Address::router(&address.to_string()), Ok(address));
            }
        }
    }
}
