//! The TLS state of one connection. While the connection is idle, it has no buffer.

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};
use std::io;
use std::sync::Arc;

/// The maximum number of bytes of an incomplete record or handshake message.
const MAX_INCOMPLETE_BYTES: usize = 64 * 1024;

type Traffic<'a> = WriteTraffic<'a, ServerConnectionData>;

/// The TLS state of one connection.
///
/// A `ServerConnection` of rustls keeps a read buffer of 4 KiB as long as it is open. This one has memory for received
/// bytes only while a record is incomplete.
pub struct TlsSession {
    connection: UnbufferedServerConnection,
    /// The received bytes of an incomplete record or handshake message.
    incomplete: Box<[u8]>,
    /// `true` if no more data is expected: the peer has ended its stream, its data was invalid, or this side has
    /// closed.
    received_all: bool,
    /// `true` after the last alert. Nothing can be sent after it.
    sent_all: bool,
}

impl TlsSession {
    pub fn new(config: Arc<rustls::ServerConfig>) -> Result<Self, rustls::Error> {
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Self { connection, incomplete: Box::default(), received_all: false, sent_all: false })
    }

    /// Decrypts received bytes, and appends the plain text to `plain`. Appends the records that TLS itself has to send
    /// to `outgoing`, even if the received bytes are invalid.
    pub fn decrypt(
        &mut self,
        received: &[u8],
        plain: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
    ) -> Result<(), rustls::Error> {
        if self.received_all {
            return Ok(());
        }
        let mut incoming = [&*std::mem::take(&mut self.incomplete), received].concat();
        match self.process(&mut incoming, plain, outgoing) {
            Ok(_) if self.received_all => Ok(()),
            Ok(taken) => {
                self.incomplete = incoming[taken..].into();
                Ok(())
            }
            Err(error) => {
                self.put_records(outgoing);
                (self.received_all, self.sent_all) = (true, true);
                Err(error)
            }
        }
    }

    /// Handles all complete records of `incoming`, and returns their number of bytes.
    fn process(
        &mut self,
        incoming: &mut [u8],
        plain: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
    ) -> Result<usize, rustls::Error> {
        let mut taken = 0;
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(&mut incoming[taken..]);
            let goes_on = match state? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        plain.extend_from_slice(record.payload);
                        discard += record.discard;
                    }
                    true
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    encode(&mut data, outgoing);
                    true
                }
                ConnectionState::TransmitTlsData(data) => {
                    data.done();
                    true
                }
                ConnectionState::PeerClosed => {
                    self.received_all = true;
                    true
                }
                // Early data is not enabled. In all other states, more bytes are needed.
                ConnectionState::BlockedHandshake
                | ConnectionState::WriteTraffic(_)
                | ConnectionState::ReadEarlyData(_)
                | ConnectionState::Closed
                | _ => false,
            };
            taken += discard;
            if !goes_on && incoming.len() - taken > MAX_INCOMPLETE_BYTES {
                return Err(rustls::Error::General("a handshake message is too long".to_owned()));
            }
            if !goes_on {
                return Ok(taken);
            }
        }
    }

    /// Encrypts `plain`, and appends the records to `outgoing`. Does nothing before the end of the handshake, or after
    /// the last alert.
    pub fn encrypt(&mut self, plain: &[u8], outgoing: &mut Vec<u8>) -> io::Result<()> {
        match self.sent_all {
            true => Ok(()),
            false => self.write(outgoing, |traffic, room| traffic.encrypt(plain, room)),
        }
    }

    /// Appends the alert that ends the connection to `outgoing`. Does nothing if the alert was already appended.
    pub fn close(&mut self, outgoing: &mut Vec<u8>) {
        self.received_all = true;
        if !std::mem::replace(&mut self.sent_all, true) {
            // An error does not matter, because the connection is closed in any case.
            let _ = self.write(outgoing, |traffic, room| traffic.queue_close_notify(room));
        }
    }

    /// Appends the records that `act` makes to `outgoing`. Calls `act` only after the handshake, and twice: with an
    /// empty buffer it returns the needed size, and with a buffer of that size it writes.
    fn write(
        &mut self,
        outgoing: &mut Vec<u8>,
        mut act: impl FnMut(&mut Traffic<'_>, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> io::Result<()> {
        self.put_records(outgoing);
        loop {
            match self.connection.process_tls_records(&mut self.incomplete).state {
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let needed = match act(&mut traffic, &mut []) {
                        Err(EncryptError::InsufficientSize(needed)) => needed.required_size,
                        done => return done.map(drop).map_err(io::Error::other),
                    };
                    let start = outgoing.len();
                    outgoing.resize(start + needed, 0);
                    let written = act(&mut traffic, &mut outgoing[start..]).map_err(io::Error::other)?;
                    outgoing.truncate(start + written);
                    return Ok(());
                }
                Ok(_) => return Ok(()),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Appends the records that TLS itself has to send.
    fn put_records(&mut self, outgoing: &mut Vec<u8>) {
        while self.connection.wants_write() {
            let state = self.connection.process_tls_records(&mut self.incomplete).state;
            let Ok(ConnectionState::EncodeTlsData(mut data)) = state else { return };
            encode(&mut data, outgoing);
        }
    }
}

fn encode(data: &mut EncodeTlsData<'_, ServerConnectionData>, outgoing: &mut Vec<u8>) {
    if let Err(EncodeError::InsufficientSize(needed)) = data.encode(&mut []) {
        let start = outgoing.len();
        outgoing.resize(start + needed.required_size, 0);
        data.encode(&mut outgoing[start..]).expect("there is as much room as the record needs");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion, version};
    use std::io::{Read, Write};

    /// Returns a client and a session that trust each other.
    fn pair(version: &'static SupportedProtocolVersion) -> (ClientConnection, TlsSession) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::new(client), name).unwrap();
        (client, TlsSession::new(Arc::new(server)).unwrap())
    }

    /// Passes the bytes of both sides to each other, in pieces of this size, until there are none. Returns the plain
    /// text that the session got.
    fn exchange(client: &mut ClientConnection, session: &mut TlsSession, piece: usize) -> Vec<u8> {
        let mut plain = Vec::new();
        while client.wants_write() {
            let (mut sent, mut outgoing) = (Vec::new(), Vec::new());
            client.write_tls(&mut sent).unwrap();
            for part in sent.chunks(piece) {
                session.decrypt(part, &mut plain, &mut outgoing).unwrap();
            }
            receive(client, &outgoing);
        }
        plain
    }

    fn receive(client: &mut ClientConnection, mut records: &[u8]) {
        while !records.is_empty() {
            client.read_tls(&mut records).unwrap();
            client.process_new_packets().unwrap();
        }
    }

    #[test]
    fn both_sides_read_what_the_other_has_written_and_an_idle_session_has_no_buffer() {
        for version in [&version::TLS12, &version::TLS13] {
            for piece in [1, 7, 100_000] {
                let (mut client, mut session) = pair(version);
                exchange(&mut client, &mut session, piece);
                assert!(!client.is_handshaking());
                for length in [1, 1_000, 40_000] {
                    let text: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
                    client.writer().write_all(&text).unwrap();
                    assert!(exchange(&mut client, &mut session, piece) == text, "{length} bytes in {piece}");
                    assert!(session.incomplete.is_empty());
                    let (mut records, mut read) = (Vec::new(), vec![0; length]);
                    session.encrypt(&text, &mut records).unwrap();
                    for part in records.chunks(4_096) {
                        receive(&mut client, part);
                        let ready = client.process_new_packets().unwrap().plaintext_bytes_to_read();
                        let start = length - read.len();
                        client.reader().read_exact(&mut read[..ready]).unwrap();
                        assert!(read[..ready] == text[start..start + ready]);
                        read.drain(..ready);
                    }
                    assert!(read.is_empty());
                }
            }
        }
    }

    #[test]
    fn each_side_learns_of_the_end_of_the_other() {
        let (mut client, mut session) = pair(&version::TLS13);
        exchange(&mut client, &mut session, 1_000);
        client.send_close_notify();
        exchange(&mut client, &mut session, 1_000);
        assert!(session.received_all);
        let (mut plain, mut records) = (Vec::new(), Vec::new());
        session.decrypt(b"later bytes", &mut plain, &mut records).unwrap();
        assert_eq!((plain.len(), records.len(), session.incomplete.len()), (0, 0, 0));
        // The other direction is still open.
        session.encrypt(b"bye", &mut records).unwrap();
        session.close(&mut records);
        let sent = records.len();
        session.close(&mut records);
        session.encrypt(b"too late", &mut records).unwrap();
        assert_eq!(records.len(), sent);
        receive(&mut client, &records);
        let mut text = Vec::new();
        client.reader().read_to_end(&mut text).unwrap();
        assert_eq!(text, b"bye");
    }

    #[test]
    fn after_invalid_bytes_nothing_is_read_or_sent() {
        let invalid: [&[u8]; 3] =
            [b"\x16\x03\x01\x00\x05hello", b"\x17\x03\x03\xff\xff", b"GET / HTTP/1.1\r\n"];
        for bytes in invalid {
            for after_handshake in [false, true] {
                let (mut client, mut session) = pair(&version::TLS13);
                if after_handshake {
                    exchange(&mut client, &mut session, 1_000);
                }
                let (mut plain, mut records) = (Vec::new(), Vec::new());
                assert!(session.decrypt(bytes, &mut plain, &mut records).is_err());
                let sent = records.len();
                session.decrypt(bytes, &mut plain, &mut records).unwrap();
                session.encrypt(b"too late", &mut records).unwrap();
                session.close(&mut records);
                assert_eq!((plain.len(), records.len()), (0, sent));
            }
        }
    }

    #[test]
    fn an_endless_handshake_message_is_refused() {
        let (_, mut session) = pair(&version::TLS13);
        let record = [&b"\x16\x03\x01\x40\x00"[..], b"\x01\xff\xff\xff", &[0; 16_380]].concat();
        let (mut plain, mut records) = (Vec::new(), Vec::new());
        let refused_after = (1..=20).find(|_| session.decrypt(&record, &mut plain, &mut records).is_err());
        assert!(refused_after.is_some_and(|count| count <= 5), "{refused_after:?}");
        assert!(session.incomplete.is_empty());
    }
}
