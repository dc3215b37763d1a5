//! Tests of TLS to PostgreSQL: the URL requests it, and the certificate is verified.

mod common;

use common::Server;
use lamplight_facts::FactsErrorKind;
use lamplight_facts_postgres::{Cause, PostgresFacts, PostgresSettings, PostgresUrl, cause};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

#[tokio::test]
async fn a_certificate_is_verified() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let (ca, other_ca) = (files.path().join("ca"), files.path().join("other"));
    std::fs::write(&ca, cert.pem()).unwrap();
    std::fs::write(&other_ca, other.cert.pem()).unwrap();
    // Another process may take the port before PostgreSQL does. The test then fails with an error that says so.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start_with(|directory| {
        let own = std::fs::metadata(directory).unwrap();
        let write = |name, text: String| {
            let file = directory.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
            chown(&file, Some(own.uid()), Some(own.gid())).unwrap();
            file.into_os_string().into_string().unwrap()
        };
        let (certificate, key) =
            (write("certificate", cert.pem()), write("key", signing_key.serialize_pem()));
        vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={certificate}"),
            format!("ssl_key_file={key}"),
        ]
    });
    let server = server.await;
    let url = format!("postgres://lamplight@localhost:{port}/postgres?hostaddr=127.0.0.1&sslmode=require");
    let url = PostgresUrl::new(&url).unwrap();
    let settings = |ca| PostgresSettings { url: url.clone(), ca, ..server.settings("postgres") };
    let facts = PostgresFacts::open(&settings(Some(ca))).await.unwrap();
    facts.probe().await.unwrap();
    assert!(PostgresFacts::examine(&settings(Some(files.path().join("ca")))).await.unwrap().is_encrypted);
    assert!(PostgresFacts::examine(&settings(Some(other_ca.clone()))).await.is_err());
    for wrong in [Some(other_ca), None, Some(files.path().join("missing"))] {
        let is_missing = wrong.as_ref().is_some_and(|file| !file.exists());
        let error = PostgresFacts::open(&settings(wrong)).await.err().unwrap();
        assert_eq!(error.kind, FactsErrorKind::Unavailable);
        assert_eq!(cause(&error), (!is_missing).then_some(Cause::Tls));
    }
}
