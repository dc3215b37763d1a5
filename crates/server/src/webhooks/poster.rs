//! Sends requests to receivers over HTTP/1.1, on connections that are kept alive. Time and memory are bounded for each
//! receiver. Redirects are not followed. Only the status of a webhook's response is used.

use super::networks::AllowedNetworks;
use super::request::{DELIVERY_HEADER, WebhookRequest};
use super::tls::{ReceiverTls, failed_step};
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use lamplight_model::WebhookUrl;
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

/// The timeout from the start of a request to the head of its response.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The timeout for the body of a response. After the timeout, the connection is closed. The outcome depends only on the
/// status.
const BODY_TIMEOUT: Duration = Duration::from_secs(1);
/// The maximum number of bytes in the body of a response. After more bytes, the connection is closed. The outcome
/// depends only on the status.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The maximum size of the head of a response, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The time for which an unused connection is kept open.
const KEPT: Duration = Duration::from_secs(30);
/// The maximum number of unused connections to one receiver that are kept open.
const MAX_KEPT: usize = super::lane::MAX_LANE_IN_FLIGHT;
/// The maximum number of addresses of one host name that are tried.
const MAX_ADDRESSES: usize = 4;
/// The maximum length of an error text, in bytes.
const MAX_ERROR_BYTES: usize = 300;

/// The `User-Agent` of the requests.
const AGENT: &str = concat!("Lamplight/", env!("CARGO_PKG_VERSION"));

/// Sends requests to receivers.
pub struct Poster {
    tls: Arc<ReceiverTls>,
    allowed: AllowedNetworks,
    kept: Mutex<HashMap<Origin, Vec<Kept>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// A connection to a receiver. Dropping the value aborts the connection's task.
struct Link {
    requests: SendRequest<Full<Bytes>>,
    task: AbortHandle,
    /// The TLS settings of the connection; `None` without TLS. After a change of these settings, the connection is not
    /// used again.
    tls: Option<Arc<rustls::ClientConfig>>,
}

struct Kept {
    link: Link,
    since: Instant,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Poster {
    /// Makes a client that connects only to the allowed addresses.
    pub fn new(tls: Arc<ReceiverTls>, allowed: AllowedNetworks) -> Self {
        Self { tls, allowed, kept: Mutex::default() }
    }

    /// Sends a request. Returns the status if it is from 200 to 299, or the reason why the notice was not delivered.
    pub async fn post(&self, request: &WebhookRequest) -> Result<u16, String> {
        let deadline = tokio::time::Instant::now() + ANSWER_TIMEOUT;
        // If the whole process was stopped for a while, both branches may be ready. The deadline is checked first,
        // because another node may be sending the notice by then.
        let (link, response) = tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => {
                Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))
            }
            answered = self.exchange(request) => answered,
        }?;
        let status = response.status();
        if tokio::time::timeout(BODY_TIMEOUT, drain(response)).await.unwrap_or(false) {
            self.keep(&request.url, link);
        }
        if status.is_success() {
            Ok(status.as_u16())
        } else if status.is_redirection() {
            Err(format!("status {status}: redirects are not followed"))
        } else {
            Err(format!("status {status}"))
        }
    }

    /// Gets at most `most` bytes from a URL, within the time `patience`. Any status but 200 is a failure.
    pub async fn get(&self, url: &WebhookUrl, most: usize, patience: Duration) -> Result<Bytes, String> {
        let read = async {
            let mut link = self.connect(url).await?;
            let request = Request::builder()
                .method(Method::GET)
                .uri(&url.target)
                .header(HOST, url.authority())
                .header(USER_AGENT, AGENT)
                .header(ACCEPT, "application/json")
                .body(Full::default())
                .map_err(|error| chain(&error))?;
            let response = link.requests.send_request(request).await.map_err(|error| chain(&error))?;
            match response.status() {
                StatusCode::OK => {}
                status if status.is_redirection() => {
                    return Err(format!("status {status}: redirects are not followed"));
                }
                status => return Err(format!("status {status}")),
            }
            let body = Limited::new(response.into_body(), most).collect().await;
            body.map(Collected::to_bytes).map_err(|error| chain(&*error))
        };
        let read = tokio::time::timeout(patience, read).await;
        read.unwrap_or_else(|_| Err(format!("no answer within {} s", patience.as_secs())))
    }

    /// Sends a request on a kept connection, or else on a new connection. If the receiver has closed the kept
    /// connection, sends the request on a new connection.
    async fn exchange(&self, request: &WebhookRequest) -> Result<(Link, Response<Incoming>), String> {
        while let Some(mut link) = self.take(&request.url) {
            if link.requests.ready().await.is_err() {
                continue;
            }
            match link.requests.send_request(message(request)).await {
                Ok(response) => return Ok((link, response)),
                // The receiver closed the connection during the request, which it may have read. The request is sent
                // again, because a duplicate notice is better than a lost one.
                Err(error) if error.is_canceled() || error.is_closed() || error.is_incomplete_message() => {}
                Err(error) => return Err(chain(&error)),
            }
        }
        let mut link = self.connect(&request.url).await?;
        match link.requests.send_request(message(request)).await {
            Ok(response) => Ok((link, response)),
            Err(error) => Err(chain(&error)),
        }
    }

    async fn connect(&self, url: &WebhookUrl) -> Result<Link, String> {
        let stream = self.reach(url).await?;
        // Each request is a single write, after which the response is awaited, so it must be sent without delay.
        stream.set_nodelay(true).map_err(|error| chain(&error))?;
        if !url.https {
            return handshake(stream, None).await;
        }
        let name = ServerName::try_from(url.host.clone()).map_err(|error| chain(&error))?;
        let tls = self.tls.current();
        let connector = TlsConnector::from(Arc::clone(&tls));
        let stream = connector.connect(name, stream).await.map_err(|error| chain(&error))?;
        handshake(stream, Some(tls)).await
    }

    /// Resolves the host name, and connects to an address that webhooks may reach. Resolves only once, so that the
    /// connection uses the checked address.
    async fn reach(&self, url: &WebhookUrl) -> Result<TcpStream, String> {
        let addresses: Vec<SocketAddr> = match url.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, url.port)],
            Err(_) => {
                let found = tokio::net::lookup_host((url.host.as_str(), url.port)).await;
                found
                    .map_err(|error| format!("cannot resolve the host name {}: {error}", url.host))?
                    .take(MAX_ADDRESSES)
                    .collect()
            }
        };
        let mut failed = format!("{} has no address", url.host);
        for address in addresses {
            if let Err(why) = self.allowed.check(address.ip()) {
                failed = format!("{} {why}", url.host);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = format!("cannot connect to {address}: {error}"),
            }
        }
        Err(failed)
    }

    fn take(&self, url: &WebhookUrl) -> Option<Link> {
        let mut kept = self.kept.lock();
        let links = kept.get_mut(&origin(url))?;
        while let Some(Kept { link, since }) = links.pop() {
            if self.is_usable(&link) && since.elapsed() < KEPT {
                return Some(link);
            }
        }
        None
    }

    fn keep(&self, url: &WebhookUrl, link: Link) {
        if !self.is_usable(&link) {
            return;
        }
        let mut kept = self.kept.lock();
        let links = kept.entry(origin(url)).or_default();
        if links.len() < MAX_KEPT {
            links.push(Kept { link, since: Instant::now() });
        }
    }

    /// Closes the connections that have been unused for too long. Call this every few seconds.
    pub fn sweep(&self) {
        let mut kept = self.kept.lock();
        kept.retain(|_, links| {
            links.retain(|kept| self.is_usable(&kept.link) && kept.since.elapsed() < KEPT);
            !links.is_empty()
        });
    }

    fn is_usable(&self, link: &Link) -> bool {
        !link.requests.is_closed()
            && link.tls.as_ref().is_none_or(|tls| Arc::ptr_eq(tls, &self.tls.current()))
    }
}

fn origin(url: &WebhookUrl) -> Origin {
    Origin { https: url.https, host: url.host.clone(), port: url.port }
}

async fn handshake<S>(stream: S, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Link, String>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (requests, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| chain(&error))?;
    // The error is dropped here, because it is also returned to the request on this connection.
    let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    Ok(Link { requests, task, tls })
}

fn message(request: &WebhookRequest) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri(&request.url.target)
        .header(HOST, request.url.authority())
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_LENGTH, request.body.len())
        .header(DELIVERY_HEADER, &request.delivery)
        .body(Full::new(Bytes::copy_from_slice(request.body.as_bytes())))
        .unwrap_or_else(|_| Request::new(Full::default()))
}

/// Reads and drops the body of a response. Returns `false` if the body was too long or incomplete. The caller limits
/// the time.
async fn drain(response: Response<Incoming>) -> bool {
    let mut body = response.into_body();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_ANSWER_BYTES {
            return false;
        }
    }
    true
}

/// Returns the text of an error and its causes, at most [`MAX_ERROR_BYTES`] long. For a TLS error, describes the failed
/// step.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = failed_step(error).unwrap_or_else(|| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text += &format!(": {cause}");
            source = cause.source();
        }
        text
    });
    if text.len() > MAX_ERROR_BYTES {
        let end = (0..=MAX_ERROR_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests;
