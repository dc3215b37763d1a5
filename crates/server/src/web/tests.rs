//! Tests of the answers to browsers, with a site of test files.

use super::*;

const SITE: &[File] = &[
    file("assets/app-1a2b.js", "let a = 1;"),
    file("console/assets/app-3c4d.css", "a {}"),
    file("console/index.html", "<title>console</title>"),
    file("docs/index.html", "<title>documentation</title>"),
    file("docs/start/browser.html", "<title>browser</title>"),
    file("docs/uikit/index.html", "<title>kit</title>"),
    File {
        brotli: Some(b"packed-br"),
        gzip: Some(b"packed-gz"),
        ..file("index.html", "<title>demo</title>")
    },
];

const fn file(path: &'static str, text: &'static str) -> File {
    File { path, tag: "00ff", plain: text.as_bytes(), brotli: None, gzip: None }
}

/// The site must have every page that `docs/SUMMARY.md` lists. An outdated `web/dist` may lack some of them.
#[test]
fn the_site_that_was_built_has_every_page_of_the_summary() {
    let list = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/SUMMARY.md");
    let text = std::fs::read_to_string(list).unwrap();
    let listed = summary::missing_pages(&text, |_| false);
    for page in ["docs/index.html", "docs/how-to/install.html", "docs/repository/security.html"] {
        assert!(listed.iter().any(|listed| listed == page), "{page}: {listed:?}");
    }
    if are_built() {
        let missing = summary::missing_pages(&text, |page| find(files::FILES, page).is_some());
        assert_eq!(missing, Vec::<String>::new(), "web/dist is old: run `npm run build` in web/");
    }
}

/// Sends a request; returns the status, one header, and the body.
async fn ask(files: &[File], request: &str, sent: &[(HeaderName, &str)], wanted: HeaderName) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    let headers = sent.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let response = answer(files, &method.parse().unwrap(), path, &headers);
    let (parts, body) = response.into_parts();
    let header = parts.headers.get(wanted).map_or("-", |value| value.to_str().unwrap()).to_owned();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    format!("{} {header} {}", parts.status.as_u16(), text.lines().next().unwrap_or_default())
}

#[tokio::test]
async fn each_path_has_its_page() {
    for (request, expected) in [
        ("GET /", "200 text/html; charset=utf-8 <title>demo</title>"),
        ("GET /index.html", "200 text/html; charset=utf-8 <title>demo</title>"),
        ("GET /assets/app-1a2b.js", "200 text/javascript; charset=utf-8 let a = 1;"),
        ("GET /console/", "200 text/html; charset=utf-8 <title>console</title>"),
        ("GET /console/apps", "404 text/plain; charset=utf-8 there is nothing here"),
        ("GET /console/assets/gone.js", "404 text/plain; charset=utf-8 there is nothing here"),
        ("GET /docs/uikit/", "200 text/html; charset=utf-8 <title>kit</title>"),
        ("GET /docs/", "200 text/html; charset=utf-8 <title>documentation</title>"),
        ("GET /docs/start/browser.html", "200 text/html; charset=utf-8 <title>browser</title>"),
        ("GET /docs/start/", "404 text/plain; charset=utf-8 there is nothing here"),
        ("GET /gone", "404 text/plain; charset=utf-8 there is nothing here"),
        ("GET /../Cargo.toml", "404 text/plain; charset=utf-8 there is nothing here"),
        ("POST /gone", "404 text/plain; charset=utf-8 there is nothing here"),
        ("POST /", "405 - "),
    ] {
        assert_eq!(ask(SITE, request, &[], header::CONTENT_TYPE).await, expected, "{request}");
    }
    assert_eq!(ask(SITE, "GET /console", &[], header::LOCATION).await, "308 /console/ ");
    assert_eq!(ask(SITE, "GET /docs/uikit", &[], header::LOCATION).await, "308 /docs/uikit/ ");
}

#[tokio::test]
async fn a_name_that_tells_the_content_is_kept_and_others_are_asked_for_again() {
    for (request, caching) in [
        ("GET /", "no-cache"),
        ("GET /console/", "no-cache"),
        ("GET /assets/app-1a2b.js", "public, max-age=31536000, immutable"),
        ("GET /console/assets/app-3c4d.css", "public, max-age=31536000, immutable"),
    ] {
        let answer = ask(SITE, request, &[], header::CACHE_CONTROL).await;
        assert!(answer.starts_with(&format!("200 {caching} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    assert_eq!(ask(SITE, "GET /", &[], header::ETAG).await, "200 \"00ff\" <title>demo</title>");
    for (known, status) in [
        ("\"00ff\"", "304"),
        ("W/\"00ff\"", "304"),
        ("\"x\", \"00ff\"", "304"),
        ("*", "304"),
        ("\"x\"", "200"),
    ] {
        let answer = ask(SITE, "GET /", &[(header::IF_NONE_MATCH, known)], header::ETAG).await;
        assert!(answer.starts_with(status), "{known}: {answer}");
    }
    // Compressed content is a different representation, so it has a different entity tag.
    let headers = [(header::IF_NONE_MATCH, "\"00ff\""), (header::ACCEPT_ENCODING, "gzip")];
    assert_eq!(ask(SITE, "GET /", &headers, header::ETAG).await, "200 \"00ff-gz\" packed-gz");
}

#[tokio::test]
async fn the_smallest_form_is_sent_that_the_browser_takes() {
    for (accepted, expected) in [
        ("gzip, br", "200 br packed-br"),
        ("gzip", "200 gzip packed-gz"),
        ("identity", "200 - <title>demo</title>"),
    ] {
        let sent = [(header::ACCEPT_ENCODING, accepted)];
        assert_eq!(ask(SITE, "GET /", &sent, header::CONTENT_ENCODING).await, expected);
    }
    let sent = [(header::ACCEPT_ENCODING, "gzip, br")];
    let unpacked = ask(SITE, "GET /docs/uikit/", &sent, header::CONTENT_ENCODING).await;
    assert_eq!(unpacked, "200 - <title>kit</title>");
}

#[tokio::test]
async fn without_pages_it_says_how_to_build_them() {
    for (request, status) in [
        ("GET /", "200"),
        ("HEAD /", "200"),
        ("GET /console/", "404"),
        ("GET /console", "404"),
        ("GET /docs/", "404"),
    ] {
        let answer = ask(&[], request, &[], header::CONTENT_TYPE).await;
        assert_eq!(answer, format!("{status} text/html; charset=utf-8 <!doctype html>"), "{request}");
    }
    assert!(NOT_BUILT.contains("npm run build"));
    assert_eq!(
        ask(&[], "GET /gone", &[], header::CONTENT_TYPE).await,
        "404 text/plain; charset=utf-8 there is nothing here"
    );
    assert_eq!(
        ask(&[], "POST /", &[], header::CONTENT_TYPE).await,
        "404 text/plain; charset=utf-8 there is nothing here"
    );
}

#[test]
fn a_page_may_talk_to_its_server_and_the_client_port_alone() {
    let door = ClientDoor::new("0.0.0.0:7400".parse().unwrap(), None);
    let [(name, policy), ..] = protection(&door, Some("chat.example:7401"));
    assert_eq!(name, header::CONTENT_SECURITY_POLICY);
    let policy = policy.to_str().unwrap();
    assert!(policy.starts_with("default-src 'self'; connect-src 'self' ws://chat.example:7400;"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(
        policy.contains("; img-src 'self' data:;"),
        "pictures are loaded only from this origin: {policy}"
    );
}
