//! A browser of the console for tests. It keeps cookies and the CSRF token, and opens one connection per request.

use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const API: &str = "/console/api/v1";

/// A browser that sends requests to one server, and keeps its cookies and CSRF token.
pub struct Browser {
    address: SocketAddr,
    /// The local address to connect from; `None` for any address.
    pub source: Option<Ipv4Addr>,
    pub cookie: Option<String>,
    pub csrf_token: Option<String>,
    /// Additional headers of every request.
    pub headers: Vec<(&'static str, String)>,
}

/// An answer of the server.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the HTTP status and the code of a refusal.
    pub fn refusal(&self) -> (u16, u64) {
        assert!(self.body["message"].is_string(), "{self:?}");
        (self.status, self.body["code"].as_u64().unwrap())
    }

    pub fn etag(&self) -> String {
        self.header("etag").unwrap().to_owned()
    }
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, source: None, cookie: None, csrf_token: None, headers: Vec::new() }
    }

    pub async fn log_in(&mut self, password: &str) -> Answer {
        self.log_in_with(&serde_json::json!({ "password": password })).await
    }

    /// Logs in as this operator.
    pub async fn log_in_as(&mut self, operator: &str, password: &str) -> Answer {
        self.log_in_with(&serde_json::json!({ "operator": operator, "password": password })).await
    }

    async fn log_in_with(&mut self, credentials: &Value) -> Answer {
        self.post_for_session("/session", credentials).await
    }

    /// Sends a request whose answer opens a session; stores its cookies and its CSRF token.
    pub async fn post_for_session(&mut self, path: &str, body: &Value) -> Answer {
        let answer = self.post(path, body).await;
        let cookies: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
            .filter_map(|(_, cookie)| cookie.split(';').next())
            .collect();
        if !cookies.is_empty() {
            self.cookie = Some(cookies.join("; "));
            self.csrf_token = answer.body["csrf_token"].as_str().map(str::to_owned);
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[], Some(body.to_string())).await
    }

    /// Sends a change of the app that is based on the state with the entity tag `tag`.
    pub async fn change(&self, method: &str, path: &str, tag: &str, body: Option<&Value>) -> Answer {
        self.ask(method, path, &[("If-Match", tag)], body.map(Value::to_string)).await
    }

    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut head =
            format!("{method} {API}{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        let own = [("Cookie", &self.cookie), ("X-CSRF-Token", &self.csrf_token)];
        for (name, value) in own.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            head += &format!("{name}: {value}\r\n");
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = body.unwrap_or_default();
        if !body.is_empty() {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(source) = self.source {
            socket.bind(SocketAddr::from((source, 0))).unwrap();
        }
        let mut stream = socket.connect(self.address).await.unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses a request without reading all of it may reset the connection after the
        // answer.
        while let Ok(length) = stream.read_buf(&mut answer).await
            && length > 0
        {}
        parse(&String::from_utf8(answer).unwrap())
    }
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
    };
    Answer { status, headers: headers.collect(), body }
}
