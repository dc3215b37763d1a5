//! A TCP relay between a client and a node. It can be unplugged, and plugged in again at any node.

use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::{self, Receiver, Sender};

pub struct Cable {
    address: SocketAddr,
    plug: Sender<Option<SocketAddr>>,
}

impl Cable {
    pub async fn new(node: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (plug, plugged) = watch::channel(Some(node));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, plugged.clone()));
            }
        });
        Self { address, plug }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Closes every connection. New connections wait until the cable is plugged in again.
    pub fn unplug(&self) {
        self.plug.send_replace(None);
    }

    pub fn plug_in(&self, node: SocketAddr) {
        self.plug.send_replace(Some(node));
    }
}

async fn carry(mut client: TcpStream, mut plugged: Receiver<Option<SocketAddr>>) {
    let node = plugged.wait_for(Option::is_some).await.ok().and_then(|node| *node);
    let Some(node) = node else { return };
    let Ok(mut server) = TcpStream::connect(node).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    tokio::select! {
        // When one side ends, both connections are closed.
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = plugged.wait_for(Option::is_none) => {}
    }
}
