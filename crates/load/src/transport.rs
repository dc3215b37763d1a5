//! The transports of a connection to the client port: plain TCP or TLS, with the native framing or WebSocket.

use crate::framing::Framing;
use anyhow::Result;
use clap::ValueEnum;
use mio::net::TcpStream;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// The way in which the connections of a load reach the server.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Transport {
    /// The native framing over TCP.
    #[default]
    Tcp,
    /// WebSocket with protobuf messages.
    #[value(name = "websocket")]
    WebSocket,
    /// The native framing over TLS. The certificate of the server is not checked.
    Tls,
    /// WebSocket over TLS. The certificate of the server is not checked.
    #[value(name = "websocket-tls")]
    WebSocketTls,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::WebSocket, Self::Tls, Self::WebSocketTls];

    /// Whether the transport uses TLS.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::WebSocketTls)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "native",
            Self::WebSocket => "WebSocket",
            Self::Tls => "native TLS",
            Self::WebSocketTls => "WebSocket TLS",
        })
    }
}

/// Opens connections with one transport.
pub struct Dialer {
    transport: Transport,
    tls: Option<Arc<ClientConfig>>,
}

impl Dialer {
    /// Creates a dialer for this transport. TLS sessions are not resumed: each connection makes a full handshake.
    pub fn new(transport: Transport) -> Result<Self> {
        if !transport.is_tls() {
            return Ok(Self { transport, tls: None });
        }
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        tls.resumption = Resumption::disabled();
        Ok(Self { transport, tls: Some(Arc::new(tls)) })
    }

    /// Returns the byte stream over a socket.
    pub fn stream(&self, socket: TcpStream) -> Result<Stream> {
        let Some(config) = &self.tls else { return Ok(Stream::Plain(socket)) };
        let name = ServerName::try_from("localhost")?;
        Ok(Stream::Tls(socket, Box::new(ClientConnection::new(Arc::clone(config), name)?)))
    }

    /// Returns the framing of a new connection.
    pub fn framing(&self) -> Framing {
        match self.transport {
            Transport::Tcp | Transport::Tls => Framing::Native,
            Transport::WebSocket | Transport::WebSocketTls => Framing::Upgrading,
        }
    }
}

/// The byte stream of a connection. The socket does not block.
pub enum Stream {
    /// A socket.
    Plain(TcpStream),
    /// A socket with TLS.
    Tls(TcpStream, Box<ClientConnection>),
}

impl Stream {
    /// Returns the socket.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) | Self::Tls(socket, _) => socket,
        }
    }

    /// Whether the stream uses TLS. A short read then does not mean that the socket is empty.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(..))
    }

    /// Announces the end of the stream to the peer, if the transport does that.
    pub fn end(&mut self) {
        if let Self::Tls(socket, tls) = self {
            tls.send_close_notify();
            // An error does not matter, because the socket is closed in any case.
            let _ = tls.write_tls(socket);
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(socket, tls) => rustls::Stream::new(&mut **tls, socket).read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(socket, tls) => rustls::Stream::new(&mut **tls, socket).write(bytes),
        }
    }

    /// Sends the TLS records that the socket has not accepted yet.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(socket, tls) => rustls::Stream::new(&mut **tls, socket).flush(),
        }
    }
}

/// A verifier that accepts any certificate. A load has no secrets, and the servers that it measures may have
/// self-signed certificates.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
