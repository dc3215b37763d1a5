//! The builder of a client.

use crate::address::Address;
use crate::driver::{Dial, Driver, MAX_COMMANDS};
use crate::machine::{Identity, Machine};
use crate::shared::SharedLock;
use crate::transport::{self, Security};
use crate::{BuildError, Client};
use lamplight_model::{AppId, DeviceId, Platform};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The configuration of a new client. Created by [`Client::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until build() is called"]
pub struct ClientBuilder {
    address: String,
    app: Option<AppId>,
    platform: Platform,
    device: Device,
    call_timeout: Duration,
    #[cfg(feature = "tls")]
    root_certificates: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Device {
    Random,
    Named(String),
    KeptIn(PathBuf),
}

impl ClientBuilder {
    pub(crate) fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            app: None,
            platform: this_platform(),
            device: Device::Random,
            call_timeout: DEFAULT_CALL_TIMEOUT,
            #[cfg(feature = "tls")]
            root_certificates: Vec::new(),
        }
    }

    /// Sets the app (`SDKAppID`). The app is required.
    pub fn app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// Sets the platform of this device. The default is the program's operating system, or Linux if Lamplight does not
    /// know that system.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Sets the id of this device: 1 to 64 bytes of printable ASCII. The id should be the same at every start. The
    /// default is a random id, so each start counts as a new device.
    pub fn device_id(mut self, device: impl Into<String>) -> Self {
        self.device = Device::Named(device.into());
        self
    }

    /// Stores the id of this device in a file, which is created at the first start. Its folder must exist. On Unix,
    /// only the owner can read the file.
    pub fn device_id_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.device = Device::KeptIn(path.into());
        self
    }

    /// Sets how long a call waits for its answer. This includes the time in which the client has no connection. The
    /// default is 10 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Adds one or more root certificates in PEM to the trusted certificates of the system. Needs the feature `tls`.
    #[cfg(feature = "tls")]
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Creates the client and starts its task. The client does not connect before [`login`](Client::login).
    ///
    /// # Errors
    ///
    /// - The app was not set.
    /// - The address or the device id is invalid.
    /// - The address needs TLS, and a root certificate is invalid, or there is none.
    /// - The address needs a feature of this crate that is not enabled.
    /// - The file with the device id cannot be read or written.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime. The runtime needs time and I/O enabled; otherwise, the client's task panics.
    pub fn build(self) -> Result<Client, BuildError> {
        let address = Address::parse(&self.address)?;
        #[cfg(feature = "tls")]
        let security = if address.tls {
            Security::Tls(transport::client_config(&self.root_certificates)?)
        } else {
            Security::Plain
        };
        #[cfg(not(feature = "tls"))]
        let security = Security::Plain;
        let app = self.app.ok_or(BuildError::AppMissing)?;
        let device = match self.device {
            Device::Random => random_device(),
            Device::Named(text) => DeviceId::new(&text).map_err(|_| BuildError::DeviceId(text))?,
            Device::KeptIn(path) => kept_device(&path)?,
        };
        let identity = Identity { app, platform: self.platform, device };
        let dial: Dial = Box::new(move || Box::pin(transport::connect(address.clone(), security.clone())));
        Ok(start(identity, dial, self.call_timeout))
    }
}

/// Creates a client that connects with `dial`, and starts its task.
pub(crate) fn start(identity: Identity, dial: Dial, call_timeout: Duration) -> Client {
    let device = identity.device.clone();
    let shared = SharedLock::new(Machine::new(identity));
    let (commands, received) = mpsc::channel(MAX_COMMANDS);
    tokio::spawn(Driver::new(shared.clone(), received, dial).run());
    Client::new(commands, shared, device, call_timeout)
}

fn this_platform() -> Platform {
    match std::env::consts::OS {
        "windows" => Platform::Windows,
        "macos" => Platform::Mac,
        "android" => Platform::Android,
        "ios" => Platform::IPhone,
        _ => Platform::Linux,
    }
}

fn random_device() -> DeviceId {
    DeviceId::new(&format!("rust-{:032x}", rand::random::<u128>())).expect("37 bytes of printable ASCII")
}

fn kept_device(path: &Path) -> Result<DeviceId, BuildError> {
    let failed = |source| BuildError::DeviceIdFile { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => {
            let text = text.trim_end();
            DeviceId::new(text).map_err(|_| BuildError::DeviceId(text.to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let device = random_device();
            write_for_owner(path, &format!("{device}\n")).map_err(failed)?;
            Ok(device)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes a file that only its owner can read, if the system has file modes.
fn write_for_owner(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_missing_or_malformed_is_named() {
        let build = |builder: ClientBuilder| builder.build().unwrap_err().to_string();
        let client = || Client::builder("tcp://localhost:1");
        assert!(build(Client::builder("localhost:1").app(AppId(1))).contains("is not an address"));
        assert!(build(client()).contains("the app is missing"));
        assert!(build(client().app(AppId(1)).device_id("")).contains("the device id"));
    }

    #[cfg(feature = "tls")]
    #[tokio::test]
    async fn a_root_certificate_that_is_none_is_named() {
        let tls = Client::builder("tls://localhost:1").app(AppId(1)).add_root_certificate_pem("nonsense");
        assert!(tls.build().unwrap_err().to_string().contains("root certificates"));
    }

    #[tokio::test]
    async fn a_device_id_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device");
        let build =
            || Client::builder("tcp://localhost:1").app(AppId(1)).device_id_file(&path).build().unwrap();
        assert_eq!(build().device_id(), build().device_id());
        let random = || Client::builder("tcp://localhost:1").app(AppId(1)).build().unwrap();
        assert_ne!(random().device_id(), random().device_id());
        fs::write(&path, "\t").unwrap();
        let builder = Client::builder("tcp://localhost:1").app(AppId(1)).device_id_file(&path);
        assert!(matches!(builder.build(), Err(BuildError::DeviceId(_))));
    }
}
