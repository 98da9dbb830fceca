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
    let (certificate, key) = certificate(authority, name, (2000, until));
    behind(rustls::ServerConfig::builder().with_no_client_auth(), certificate, key).await
}

type Der = rustls::pki_types::CertificateDer<'static>;

fn certificate(authority: &Authority, name: &str, (from, until): (i32, i32)) -> (Der, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 12, 31);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &authority.issuer).unwrap().der().clone(), key)
}

/// A lab behind TLS with these settings and this certificate.
async fn behind(
    settings: rustls::ConfigBuilder<rustls::ServerConfig, rustls::server::WantsServerCert>,
    certificate: Der,
    key: KeyPair,
) -> String {
    install_tls();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = settings.with_single_cert(vec![certificate], key).unwrap();
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
async fn each_fault_of_a_certificate_has_a_sentence_of_its_own() {
    install_tls();
    let authority = authority();
    let trusted = Some(authority.file.clone());
    let plain = || rustls::ServerConfig::builder().with_no_client_auth();

    let (early, key) = certificate(&authority, "127.0.0.1", (3990, 4000));
    let told = problem(&behind(plain(), early, key).await, trusted.clone()).await;
    assert!(told.what.contains("not valid yet") && told.remedy.contains("clock"), "{told:?}");

    // What `openssl req -x509` makes: nobody vouches for it but itself.
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let told = problem(&behind(plain(), own.der().clone(), key).await, trusted.clone()).await;
    assert!(told.what.contains("does not know") && told.remedy.contains("self-signed"), "{told:?}");

    // The same as an authority, which is then named and yet no server's.
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = params.self_signed(&key).unwrap();
    let file = authority.file.with_file_name("own.pem");
    std::fs::write(&file, own.pem()).unwrap();
    let told = problem(&behind(plain(), own.der().clone(), key).await, Some(file)).await;
    assert!(told.what.contains("authority's own") && told.remedy.contains("for the server"), "{told:?}");

    // A server that wants to be shown a certificate too.
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.issuer.der().clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let settings = rustls::ServerConfig::builder().with_client_cert_verifier(verifier);
    let (good, key) = certificate(&authority, "127.0.0.1", (2000, 4000));
    let told = problem(&behind(settings, good, key).await, trusted).await;
    assert!(told.what.contains("certificate of the client") && told.remedy.contains("none"), "{told:?}");
}

/// Reads the first message of TLS and answers it with these bytes.
async fn answers(bytes: Vec<u8>) -> String {
    let url = serve(move |_, mut stream| {
        let bytes = bytes.clone();
        async move {
            let mut header = [0; 5];
            stream.read_exact(&mut header).await.unwrap();
            let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    url.replace("ws://", "wss://")
}

#[tokio::test]
async fn what_a_server_says_last_is_told_with_a_remedy() {
    let authority = authority();
    for (alert, says) in [
        (70, "versions of TLS"),
        (40, "in common"),
        (71, "in common"),
        (116, "certificate of the client"),
        (42, "certificate of the client"),
        (48, "certificate of the client"),
        (112, "name 127.0.0.1"),
        (80, "InternalError"),
        (200, "alert"),
    ] {
        let url = answers(vec![0x15, 3, 3, 0, 2, 2, alert]).await;
        let told = problem(&url, Some(authority.file.clone())).await;
        assert!(told.what.contains(says), "{alert}: {told:?}");
    }
    // A hello of TLS 1.0.
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let told = problem(&answers(hello).await, Some(authority.file.clone())).await;
    assert!(told.what.contains("versions of TLS") && told.remedy.contains("1.2"), "{told:?}");
}

#[tokio::test]
async fn tls_and_plain_are_not_mixed_up() {
    let authority = authority();
    let trusted = || Some(authority.file.clone());
    // A plain server takes TLS for a bad request and says so, or hangs up.
    let told = problem(&answers(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await, trusted()).await;
    assert!(told.what.contains("does not speak TLS") && told.remedy.contains("ws://"), "{told:?}");
    let plain = serve(|_, stream| async move { idle(upgrade(stream).await.0).await }).await;
    let plain = plain.replace("ws://", "wss://");
    let (told, _) = Client::start(Options { ca_file: trusted(), ..quick(&plain) }).down(Line::Bus).await;
    assert!(told.kind == ProblemKind::Unreachable && told.what.contains("closed"), "{told:?}");

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
