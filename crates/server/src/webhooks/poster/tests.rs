//! Tests that send requests to receivers over real connections: TLS, its certificates, and kept connections.

use super::*;
use crate::webhooks::WebhooksConfig;
use rustls::RootCertStore;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn poster(trusted: Option<&rcgen::Certificate>) -> Poster {
    let file = tempfile::NamedTempFile::new().unwrap();
    let ca_file = trusted.map(|certificate| {
        std::fs::write(file.path(), certificate.pem()).unwrap();
        file.path().to_owned()
    });
    poster_with(&WebhooksConfig { ca_file, ..WebhooksConfig::default() })
}

fn poster_with(config: &WebhooksConfig) -> Poster {
    let tls = Arc::new(ReceiverTls::load(config).unwrap());
    Poster::new(tls, AllowedNetworks::new(true, Vec::new()))
}

fn request(scheme: &str, port: u16) -> WebhookRequest {
    let url = WebhookUrl::parse(&format!("{scheme}://localhost:{port}/hook?a=b")).unwrap();
    WebhookRequest { url, body: "{}".into(), delivery: "1-1-61-7".into() }
}

/// Reads one request with the body `{}`. Returns `None` if the connection ends first.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n{}") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_receiver_by_tls_is_told_if_its_certificate_is_trusted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the receiver ends the connection in the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let told = read(&mut stream).await.unwrap();
            stream.write_all(OK).await.unwrap();
            stream.flush().await.unwrap();
            return told;
        }
    });
    let refused = poster(None).post(&request("https", port)).await.unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(poster(Some(&made.cert)).post(&request("https", port)).await, Ok(200));
    let told = receiver.await.unwrap();
    assert!(told.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{told}");
    assert!(told.contains(&format!("host: localhost:{port}\r\n")), "{told}");
    assert!(told.contains("x-lamplight-delivery: 1-1-61-7\r\n"), "{told}");
}

/// A private CA, which signs certificates for names.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// Returns a new certificate for `name` and its key, as PEM.
    fn sign(&self, name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in rustls_pemfile::certs(&mut self.pem.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        Arc::new(roots)
    }
}

/// Starts a receiver with a certificate for `name`. It demands a client certificate that this CA has signed. Returns
/// its port.
async fn strict_receiver(authority: &Authority, name: &str) -> u16 {
    let (certificate, key) = authority.sign(name);
    let chain = rustls_pemfile::certs(&mut certificate.as_bytes()).map(Result::unwrap).collect();
    let key = rustls_pemfile::private_key(&mut key.as_bytes()).unwrap().unwrap();
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(authority.roots(), provider()).build();
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if read(&mut stream).await.is_some() {
                stream.write_all(OK).await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    });
    port
}

#[tokio::test]
async fn a_private_ca_and_a_client_certificate_are_used_and_the_step_that_fails_is_named() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let (certificate, key) = ours.sign("lamplight");
    let (strange_certificate, strange_key) = theirs.sign("lamplight");
    let (ca, own) = (file("ca", &ours.pem), (file("own", &certificate), file("own-key", &key)));
    let strange = (file("strange", &strange_certificate), file("strange-key", &strange_key));
    let none = (None, None);
    let port = strict_receiver(&ours, "localhost").await;
    let misnamed = strict_receiver(&ours, "elsewhere").await;
    let table = [
        (&ca, &own, port, None),
        (&None, &own, port, Some("TLS, checking the receiver's certificate: its issuer is not trusted")),
        (&ca, &own, misnamed, Some("TLS, checking the receiver's certificate: it is for another name")),
        (&ca, &none, port, Some("TLS, showing a client certificate: the receiver demands one")),
        (&ca, &strange, port, Some("TLS, showing a client certificate: the receiver refuses it")),
    ];
    for (ca, (certificate, key), port, expected) in table {
        let config = WebhooksConfig {
            ca_file: ca.clone(),
            client_certificate: certificate.clone(),
            client_key: key.clone(),
            ..WebhooksConfig::default()
        };
        let answer = poster_with(&config).post(&request("https", port)).await;
        match expected {
            None => assert_eq!(answer, Ok(200)),
            Some(expected) => {
                let error = answer.unwrap_err();
                assert!(error.starts_with(expected), "{error}");
            }
        }
    }
    // A file with invalid content makes the start fail; the error names the setting and the file.
    for (setting, config) in [
        ("webhooks.ca_file", WebhooksConfig { ca_file: file("bad", "no"), ..WebhooksConfig::default() }),
        (
            "webhooks.client_key",
            WebhooksConfig {
                client_certificate: own.0.clone(),
                client_key: file("bad", "no"),
                ..WebhooksConfig::default()
            },
        ),
        (
            "webhooks.client_certificate",
            WebhooksConfig {
                client_certificate: own.0.clone(),
                client_key: strange.1.clone(),
                ..WebhooksConfig::default()
            },
        ),
    ] {
        let Err(error) = ReceiverTls::load(&config) else { panic!("{setting} is used") };
        let error = error.to_string();
        assert!(error.starts_with(setting), "{error}");
    }
}

/// The test replaces the files in the order of renewal tools: first the certificate, then its key.
#[tokio::test]
async fn renewed_files_are_used_without_a_restart_and_unusable_ones_are_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    let write_pair = |(certificate, key): (String, String)| {
        write("own", &certificate);
        write("own-key", &key);
    };
    write("ca", &old.pem);
    write_pair(old.sign("lamplight"));
    let (before, after) =
        (strict_receiver(&old, "localhost").await, strict_receiver(&new, "localhost").await);
    let config = WebhooksConfig {
        ca_file: Some(path("ca")),
        client_certificate: Some(path("own")),
        client_key: Some(path("own-key")),
        ..WebhooksConfig::default()
    };
    let poster = poster_with(&config);
    let post = async |port| {
        poster
            .post(&request("https", port))
            .await
            .map_err(|error| error.split([':', '(']).next().unwrap_or_default().trim().to_owned())
    };
    let untrusted = Err("TLS, checking the receiver's certificate".to_owned());
    assert_eq!((post(before).await, post(after).await), (Ok(200), untrusted.clone()));
    let first = poster.tls.current();
    poster.tls.refresh();
    assert!(Arc::ptr_eq(&first, &poster.tls.current()), "nothing has changed");

    // The renewal is half done: the certificate is new, but the key is old. The files are read twice in this state.
    let (certificate, key) = new.sign("lamplight");
    write("ca", &new.pem);
    write("own", &certificate);
    for _ in 0..2 {
        poster.tls.refresh();
        assert!(Arc::ptr_eq(&first, &poster.tls.current()), "the key is another one's");
        assert_eq!(post(before).await, Ok(200));
    }
    write("own-key", &key);
    poster.tls.refresh();
    // The kept connection is not used again, because it was made with the former settings.
    assert_eq!((post(before).await, post(after).await), (untrusted.clone(), Ok(200)));

    std::fs::remove_file(path("ca")).unwrap();
    poster.tls.refresh();
    assert_eq!(post(after).await, Ok(200), "what cannot be read takes nothing away");
    write("ca", &format!("{}{}", old.pem, new.pem));
    write_pair(old.sign("lamplight"));
    poster.tls.refresh();
    assert_eq!(post(before).await, Ok(200));
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_tls_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let error = poster(None).post(&request("https", port)).await.unwrap_err();
    assert!(error.starts_with("TLS, saying hello"), "{error}");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = tokio::spawn(async move {
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read(&mut stream).await.unwrap();
            // The receiver answers as if it kept the connection open, but then closes it.
            stream.write_all(OK).await.unwrap();
        }
    });
    let poster = poster(None);
    for _ in 0..3 {
        assert_eq!(poster.post(&request("http", port)).await, Ok(200));
    }
    receiver.await.unwrap();
    assert!(poster.post(&request("http", port)).await.unwrap_err().contains("cannot connect"));
}

#[tokio::test]
async fn a_connection_is_kept_for_so_long_as_it_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut count = 0;
        while read(&mut stream).await.is_some() {
            stream.write_all(OK).await.unwrap();
            count += 1;
        }
        count
    });
    let poster = poster(None);
    for _ in 0..5 {
        assert_eq!(poster.post(&request("http", port)).await, Ok(200));
    }
    poster.sweep();
    assert_eq!(poster.post(&request("http", port)).await, Ok(200));
    drop(poster);
    assert_eq!(receiver.await.unwrap(), 6);
}
