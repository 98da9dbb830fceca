//! `wss` against a server with a certificate authority made here.

use std::{path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    _dir: tempfile::TempDir,
    file: PathBuf,
}

fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, issuer.pem()).unwrap();
    Authority { issuer, _dir: dir, file }
}

/// A lab behind TLS, whose certificate is for `name` and was valid until the end of `until`.
async fn lab(authority: &Authority, name: &str, until: i32) -> String {
    install_tls();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let url = serve(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
            }
            idle(ws).await;
        }
    })
    .await;
    url.replace("ws://", "wss://")
}

async fn problem(url: &str, ca_file: Option<PathBuf>) -> Problem {
    let (problem, again) = Client::start(Options { ca_file, ..quick(url) }).down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Tls, "{problem:?}");
    assert!(problem.what.contains(url) && !problem.remedy.is_empty(), "{problem:?}");
    problem
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let authority = authority();
    let url = lab(&authority, "127.0.0.1", 4000).await;
    let mut client = Client::start(Options { ca_file: Some(authority.file.clone()), ..quick(&url) });
    let mut live = 0;
    client
        .until("both live", |e| {
            assert!(!matches!(e, Event::Link { state: LinkState::Waiting { .. }, .. }), "{e:?}");
            live += usize::from(matches!(e, Event::Link { state: LinkState::Live, .. }));
            (live == 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_with_the_remedy() {
    let authority = authority();
    let trusted = Some(authority.file.clone());

    let good = lab(&authority, "127.0.0.1", 4000).await;
    let unknown = problem(&good, None).await;
    assert!(
        unknown.what.contains("authority") && unknown.remedy.contains("--ca-file or in SSL_CERT_FILE"),
        "{unknown:?}"
    );

    let old = problem(&lab(&authority, "127.0.0.1", 2001).await, trusted.clone()).await;
    assert!(old.what.contains("expired") && old.remedy.contains("clock"), "{old:?}");

    let other = problem(&lab(&authority, "hub.example.org", 4000).await, trusted).await;
    assert!(other.what.contains("name 127.0.0.1") && other.remedy.contains("hub.example.org"), "{other:?}");
}

#[tokio::test]
async fn tls_and_plain_are_not_mixed_up() {
    let authority = authority();
    let trusted = Some(authority.file.clone());
    let plain = serve(|_, stream| async move { idle(upgrade(stream).await.0).await }).await;
    // A plain server reads TLS as a bad request.
    let plain = plain.replace("ws://", "wss://");
    let (told, _) = Client::start(Options { ca_file: trusted, ..quick(&plain) }).down(Line::Bus).await;
    assert!(matches!(told.kind, ProblemKind::Tls | ProblemKind::Unreachable), "{told:?}");

    let secure = lab(&authority, "127.0.0.1", 4000).await.replace("wss://", "ws://");
    let (told, _) = Client::start(quick(&secure)).down(Line::Bus).await;
    assert!(told.kind == ProblemKind::NotJuice && told.remedy.contains("wss://"), "{told:?}");
}

#[tokio::test]
async fn a_bad_certificate_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, content).unwrap();
        let url = serve(|_, stream| async move { drop(stream) }).await.replace("ws://", "wss://");
        let (told, _) = Client::start(Options { ca_file: Some(file), ..quick(&url) }).down(Line::Bus).await;
        assert!(told.kind == ProblemKind::Tls && told.what.contains("ca.pem"), "{content:?}: {told:?}");
    }
}
