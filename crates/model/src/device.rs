//! Devices, platforms, and the ids of nodes and connections.

use crate::Timestamp;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The id of a device: 1–64 bytes of printable ASCII. A device is one installation of a client. The SDK generates and
/// stores the id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct DeviceId(CompactString);

/// The error of a text that is not a `deviceID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deviceID is 1 to {} bytes of printable ASCII", DeviceId::MAX_BYTES)]
pub struct InvalidDeviceId;

impl DeviceId {
    /// The longest `deviceID`, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Parses a `deviceID`.
    pub fn new(text: &str) -> Result<Self, InvalidDeviceId> {
        let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if text.is_empty() || text.len() > Self::MAX_BYTES || !printable {
            return Err(InvalidDeviceId);
        }
        Ok(Self(CompactString::new(text)))
    }

    /// The text of the `deviceID`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<CompactString> for DeviceId {
    type Error = InvalidDeviceId;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<DeviceId> for CompactString {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The platform of a device. The numbers are those of the wire protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[repr(u8)]
pub enum Platform {
    /// An iPhone.
    #[serde(rename = "iPhone")]
    IPhone = 1,
    /// An Android phone or tablet.
    Android = 2,
    /// An iPad.
    #[serde(rename = "iPad")]
    IPad = 3,
    /// A Windows computer.
    Windows = 4,
    /// A Mac.
    Mac = 5,
    /// A Linux computer.
    Linux = 6,
    /// A browser, or an application that runs in one. A Web device is logged out when its connection has ended and the
    /// linger is over.
    Web = 7,
}

/// The error of a text that is not the name of a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform {0:?}; one of iPhone, Android, iPad, Windows, Mac, Linux, Web")]
pub struct UnknownPlatform(pub String);

impl Platform {
    /// All platforms, in ascending order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::IPhone, Self::Android, Self::IPad, Self::Windows, Self::Mac, Self::Linux, Self::Web];

    /// The platform with this number in the wire protocol; `None` if there is none.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| *platform as i32 == number)
    }

    /// The name of the platform, which is the same in all APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::IPhone => "iPhone",
            Self::Android => "Android",
            Self::IPad => "iPad",
            Self::Windows => "Windows",
            Self::Mac => "Mac",
            Self::Linux => "Linux",
            Self::Web => "Web",
        }
    }

    /// Whether this is `Web`.
    pub fn is_web(self) -> bool {
        self == Self::Web
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

/// A set of platforms, stored in one byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlatformSet(u8);

impl PlatformSet {
    /// Adds a platform.
    pub fn insert(&mut self, platform: Platform) {
        self.0 |= 1 << platform as u8;
    }

    /// Whether the platform is in the set.
    pub fn contains(self, platform: Platform) -> bool {
        self.0 & (1 << platform as u8) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The platforms of the set, in ascending order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Platform> {
        Platform::ALL.into_iter().filter(move |platform| self.contains(*platform))
    }
}

impl FromIterator<Platform> for PlatformSet {
    fn from_iter<I: IntoIterator<Item = Platform>>(platforms: I) -> Self {
        let mut set = Self::default();
        platforms.into_iter().for_each(|platform| set.insert(platform));
        set
    }
}

impl fmt::Debug for PlatformSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The id of one run of a node. A node gets a new id at each start, so that data of an earlier run can be recognized.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug, Default)]
#[serde(transparent)]
pub struct NodeId(pub u64);

impl NodeId {
    /// Creates the id of a run that began at `start`. `random` distinguishes two runs that began in the same
    /// millisecond.
    pub fn of_run(start: Timestamp, random: u16) -> Self {
        Self(start.0 << 16 | u64::from(random))
    }
}

/// Writes sixteen hexadecimal digits.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The id of one connection. A node never uses an id twice.
///
/// A report of the end of a connection contains this id. A late report therefore does not affect the next connection of
/// the device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
pub struct ConnectionId {
    /// The run of the node that accepted the connection.
    pub node: NodeId,
    /// The number of the connection within this run.
    pub local: u64,
}

impl ConnectionId {
    /// Creates the id of a connection.
    pub const fn new(node: NodeId, local: u64) -> Self {
        Self { node, local }
    }

    /// Creates the id of a connection for simulations and tests that have one node and no sockets.
    pub const fn alone(local: u64) -> Self {
        Self { node: NodeId(0), local }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_set_holds_each_platform_once() {
        let set: PlatformSet = [Platform::Web, Platform::Mac, Platform::Web].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Platform::Mac, Platform::Web]);
        assert!(!set.contains(Platform::IPhone));
    }

    #[test]
    fn every_platform_is_found_by_its_number_and_its_name() {
        for platform in Platform::ALL {
            assert_eq!(Platform::from_number(platform as i32), Some(platform));
            assert_eq!(platform.name().parse(), Ok(platform));
        }
        assert_eq!(Platform::from_number(0), None);
        assert!("Amiga".parse::<Platform>().is_err());
    }
}
