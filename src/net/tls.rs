//! TLS: one provider, the system's certificates, and what to do when a certificate is not good.
//!
//! Verification is never off and cannot be turned off.

use std::{io, path::Path, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, PeerIncompatible, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::problem::{problem, tidy};
use crate::wire::link::{Problem, ProblemKind};

/// Makes ring the program's TLS provider. Called first in `main`; calling it again does nothing. [`super::start`]
/// and [`super::probe::probe`] call it too, so that a test cannot forget it.
pub fn install_tls() {
    // An error says that a provider is already installed, and that is all that is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The settings for `wss`: they trust the system's certificates (or, as rustls-native-certs does it, those that the
/// environment's `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead) and those in `ca_file`.
pub(super) fn config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, Problem> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        let unusable = |why: String| {
            let what = format!("The certificate file {} cannot be used: {}", path.display(), tidy(&why, 200));
            problem(ProblemKind::Tls, what, "It holds certificates in PEM form (-----BEGIN CERTIFICATE-----)")
        };
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unusable(e.to_string()))? {
            let certificate = certificate.map_err(|e| unusable(e.to_string()))?;
            roots.add(certificate).map_err(|e| unusable(e.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(unusable("no certificate in it".to_owned()));
        }
    }
    if roots.is_empty() {
        let why =
            system.errors.first().map(|e| format!(" ({})", tidy(&e.to_string(), 200))).unwrap_or_default();
        return Err(problem(
            ProblemKind::Tls,
            format!("This machine has no certificates to trust{why}"),
            "Install the system's CA certificates, or name a file of them in SSL_CERT_FILE",
        ));
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// Speaks TLS with `host` on a connection that is open.
pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    config: Arc<ClientConfig>,
    host: &str,
    stream: S,
) -> io::Result<TlsStream<S>> {
    let name =
        ServerName::try_from(host.to_owned()).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    TlsConnector::from(config).connect(name, stream).await
}

/// What the server's last word means, and what to do.
fn refused(url: &str, host: &str, alert: AlertDescription) -> (String, String) {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::InappropriateFallback => old_version(url),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => nothing_in_common(url),
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => (
            format!("{url} wants a certificate of the client"),
            "juicetop has none to show: use an address that wants none, or an ssh tunnel".to_owned(),
        ),
        AlertDescription::UnrecognisedName => (
            format!("{url} serves nothing of the name {host}"),
            "Use the name that the server is set up for".to_owned(),
        ),
        other => (
            format!("{url} ended TLS with the alert {other:?}"),
            "What it means by that stands in the server's log".to_owned(),
        ),
    }
}

fn old_version(url: &str) -> (String, String) {
    (
        format!("{url} speaks only versions of TLS that are not safe any more"),
        "The server, or the proxy before it, has to be made to take TLS 1.2 or 1.3".to_owned(),
    )
}

fn nothing_in_common(url: &str) -> (String, String) {
    (
        format!("{url} has no way of encrypting in common with juicetop"),
        "The server, or the proxy before it, has to be made to take the usual ciphers of TLS 1.2 or 1.3"
            .to_owned(),
    )
}

/// What a failed TLS handshake with `url` (whose host is `host`) means; `None` if `error` is not about TLS.
pub(super) fn explain(url: &str, host: &str, error: &io::Error) -> Option<Problem> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let (what, remedy) = match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                format!("The certificate of {url} is signed by an authority that this machine does not know"),
                concat!(
                    "Name the authority's certificate (PEM; a self-signed one is its own) with --ca-file or in ",
                    "SSL_CERT_FILE, or add it to the system's"
                )
                .to_owned(),
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                format!("The certificate of {url} has expired"),
                "Renew it on the server; if this machine's clock is wrong, set it".to_owned(),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
                format!("The certificate of {url} is not valid yet"),
                "Is this machine's clock right?".to_owned(),
            ),
            CertificateError::NotValidForName => (
                format!("The certificate of {url} is not for the name {host}"),
                "Use the name that the certificate is made for".to_owned(),
            ),
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("The certificate of {url} is not for the name {host}"),
                match presented.is_empty() {
                    true => "It holds no name at all: it has to be made anew, with the name in it".to_owned(),
                    false => {
                        format!("Use the name that it is made for: {}", tidy(&presented.join(", "), 200))
                    }
                },
            ),
            other if other.to_string().contains("CaUsedAsEndEntity") => (
                format!("The certificate of {url} is an authority's own, which is not for servers"),
                "Make one for the server, signed by that authority".to_owned(),
            ),
            other => (
                format!("The certificate of {url} is not good: {}", tidy(&other.to_string(), 200)),
                "It has to be made anew on the server".to_owned(),
            ),
        },
        rustls::Error::InvalidMessage(_) => {
            (format!("{url} does not speak TLS"), "Use ws:// (or http:// for a hub) instead".to_owned())
        }
        rustls::Error::AlertReceived(alert) => refused(url, host, *alert),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => old_version(url),
        rustls::Error::PeerIncompatible(_) => nothing_in_common(url),
        rustls::Error::NoCertificatesPresented => {
            (format!("{url} shows no certificate"), "The server has to be given one".to_owned())
        }
        other => (
            format!("TLS with {url} failed: {}", tidy(&other.to_string(), 200)),
            "Is it a TLS server, and what does its log say?".to_owned(),
        ),
    };
    Some(problem(ProblemKind::Tls, what, remedy))
}
