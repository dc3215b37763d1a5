//! Uses the SDK as a program outside of this repository does, and runs it with a real server.

use futures_util::{Stream, StreamExt as _};
use lamplight_client::{Client, CustomStatus, Error, Event, UserStatus};
use std::future;

/// Returns a stream of the statuses in the events of a client.
pub fn statuses(client: &Client) -> impl Stream<Item = UserStatus> + Unpin + use<> {
    let told = client.events().filter_map(|event| {
        future::ready(match event {
            Event::StatusChanged(statuses) => Some(futures_util::stream::iter(statuses)),
            _ => None,
        })
    });
    told.flatten()
}

/// Describes a custom status in words.
pub fn words(status: &CustomStatus) -> String {
    if *status == *"" { "nothing".to_owned() } else { format!("{status} ({} bytes)", status.as_ref().len()) }
}

/// Returns `true` if a call that failed with this error can be repeated safely.
pub fn has_done_nothing(error: &Error) -> bool {
    matches!(error, Error::Refused(_) | Error::NotLoggedIn | Error::NotSent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_client::{AppId, BuildError, ClientBuilder, StatusType};
    use std::io::{BufRead as _, BufReader};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc;
    use std::time::Duration;
    use std::{env, thread};

    /// The longest wait for anything. It is long, because the machine may be busy.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A server of the program in `OUTSIDE_SERVER`. Dropping the value kills it.
    struct Server {
        process: Child,
        data: tempfile::TempDir,
    }

    impl Server {
        fn start() -> Self {
            let data = tempfile::tempdir().unwrap();
            let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
            let mut serve = Self::command(data.path(), &["serve", "--workers", "1", "--log", "warn"]);
            let process = serve.args(listen).stdout(Stdio::piped()).spawn().unwrap();
            let mut server = Self { process, data };
            let output = BufReader::new(server.process.stdout.take().unwrap());
            let (ready, is_ready) = mpsc::channel();
            // Reads the output to its end, so that the server never blocks on a full pipe.
            thread::spawn(move || {
                for line in output.lines().map_while(Result::ok).filter(|line| line.contains("in a third")) {
                    let _ = ready.send(line);
                }
            });
            is_ready.recv_timeout(PATIENCE).expect("the server becomes ready");
            server
        }

        /// Makes a command of the program with these arguments, and without the environment variables of Lamplight.
        fn command(data: &Path, words: &[&str]) -> Command {
            let program =
                env::var_os("OUTSIDE_SERVER").expect("OUTSIDE_SERVER names the program of a server");
            let mut command = Command::new(program);
            for (name, _) in
                env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LAMPLIGHT_"))
            {
                command.env_remove(name);
            }
            command.args(words).arg("--data-dir").arg(data.join("data")).stdin(Stdio::null());
            command
        }

        fn json(&self, words: &[&str]) -> serde_json::Value {
            serde_json::from_str(&self.said(words)).unwrap()
        }

        fn said(&self, words: &[&str]) -> String {
            let output = Self::command(self.data.path(), words).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        }

        fn sig(&self, user: &str) -> String {
            self.said(&["sig", user]).trim().to_owned()
        }

        fn client(&self, scheme: &str) -> ClientBuilder {
            let node = std::fs::read(self.data.path().join("data/node.json")).unwrap();
            let node: serde_json::Value = serde_json::from_slice(&node).unwrap();
            let app = &self.json(&["app", "list", "--json"])[0]["SDKAppID"];
            let app = AppId(u32::try_from(app.as_u64().unwrap()).unwrap());
            Client::builder(format!("{scheme}://{}", node["client"].as_str().unwrap())).app(app)
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    async fn told_of_each_other(alice: Client, bob: Client, server: &Server) {
        bob.login("bob", &server.sig("bob")).await.unwrap();
        alice.login("alice", &server.sig("alice")).await.unwrap();
        bob.subscribe_user_status(["alice"]).await.unwrap();
        let mut told = statuses(&bob);
        alice.set_self_status("outside").await.unwrap();
        let listening = next(&mut told, |alice| alice.custom_status == *"outside").await;
        assert_eq!(listening.status_type, StatusType::Online);
        assert_eq!(words(&listening.custom_status), "outside (7 bytes)");
        let refused = alice.set_self_status(&"x".repeat(5_000)).await.unwrap_err();
        assert!(has_done_nothing(&refused), "{refused}");
        alice.logout().await.unwrap();
        next(&mut told, |alice| alice.status_type != StatusType::Online).await;
    }

    /// Returns the next status of alice that `wanted` accepts. Panics if none comes in time.
    async fn next(
        told: &mut (impl Stream<Item = UserStatus> + Unpin),
        wanted: impl Fn(&UserStatus) -> bool,
    ) -> UserStatus {
        let search = async {
            loop {
                let status = told.next().await.expect("the client lives");
                if status.user_id.as_str() == "alice" && wanted(&status) {
                    return status;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("alice's status comes")
    }

    #[tokio::test]
    async fn two_clients_are_told_of_each_other_over_tcp() {
        let server = Server::start();
        let build = || server.client("tcp").build().unwrap();
        told_of_each_other(build(), build(), &server).await;
    }

    #[cfg(feature = "default")]
    #[tokio::test]
    async fn two_clients_are_told_of_each_other_over_websockets() {
        let server = Server::start();
        let build = || server.client("ws").build().unwrap();
        told_of_each_other(build(), build(), &server).await;
    }

    #[tokio::test]
    async fn an_address_that_needs_more_than_is_compiled_in_is_refused() {
        for (scheme, needs) in
            [("tcp", None), ("tls", Some("tls")), ("ws", Some("websocket")), ("wss", Some("websocket"))]
        {
            let built = Client::builder(format!("{scheme}://localhost:7400")).app(AppId(1)).build();
            let lacking = match built {
                // On a machine without root certificates, this error also shows that TLS is enabled.
                Ok(_) | Err(BuildError::RootCertificates(_)) => None,
                Err(BuildError::FeatureDisabled { feature, .. }) => Some(feature),
                Err(other) => panic!("{scheme}: {other}"),
            };
            assert_eq!(lacking, needs.filter(|_| cfg!(not(feature = "default"))), "{scheme}");
        }
    }
}
