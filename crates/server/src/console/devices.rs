//! Known browsers, from which an operator has logged in before. A cookie identifies each known browser. Logins of known
//! browsers wait in a separate queue.
//!
//! In a single queue, an attacker's wrong passwords from many addresses could keep operators out. The cookie grants no
//! access: it selects the queue, and the counter of wrong passwords. The cookie is signed with the hash of the
//! operator's password. A new password therefore makes the cookie invalid, and the server stores no cookies.
//!
//! Pure: the current time and the random bytes are arguments.

use super::operators_file::Operator;
use super::sessions::hex;
use hmac::{Hmac, Mac};
use lamplight_model::Timestamp;
use parking_lot::Mutex;
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

/// The time after a login for which the browser counts as known.
pub const KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The maximum number of logins of known browsers that wait for the password check or are being checked.
const MOST_WAITING: usize = 8;
/// The maximum number of logins of one known browser that wait or are being checked.
const MOST_WAITING_PER_DEVICE: usize = 2;

/// The id of a known browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Device([u8; 16]);

impl Device {
    /// Makes an id from these random bytes.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }
}

/// Makes the value of the cookie for a browser from which an operator has just logged in.
pub fn cookie_of(operator: &Operator, Device(device): Device, now: Timestamp) -> String {
    let issued = now.0 / 1_000;
    let device = hex(&device);
    let signature = hex(&signature(operator, &device, issued).finalize().into_bytes());
    format!("{}:{device}:{issued}:{signature}", operator.name)
}

/// Returns the browser's id in a cookie. Returns `None` for a cookie that is older than 30 days, or is not signed with
/// this operator's password.
pub fn known(cookie: &str, operator: &Operator, now: Timestamp) -> Option<Device> {
    let mut parts = cookie.split(':');
    let (name, device, issued, signed) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || name != operator.name.as_str() {
        return None;
    }
    let seconds: u64 = issued.parse().ok()?;
    let signed: [u8; 32] = bytes(signed)?;
    // Compares in constant time.
    signature(operator, device, seconds).verify_slice(&signed).ok()?;
    let age = now.since(Timestamp(seconds.saturating_mul(1_000)));
    if age < KNOWN { bytes(device).map(Device) } else { None }
}

fn signature(operator: &Operator, device: &str, issued: u64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(operator.password.as_bytes()).expect("a key of any length");
    mac.update(format!("console device\n{}\n{device}\n{issued}\n", operator.name).as_bytes());
    mac
}

/// Decodes `N` bytes from hexadecimal digits; `None` unless the text is `2 * N` such digits.
fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.len() != 2 * N || !digits.is_ascii() {
        return None;
    }
    let mut all = [0; N];
    for (at, byte) in all.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(all)
}

/// The permits for logins of known browsers that wait or are being checked.
#[derive(Default)]
pub struct Permits {
    inside: Mutex<Vec<Device>>,
}

/// The permit of a login. Dropping the value releases the permit.
pub struct Permit {
    permits: Arc<Permits>,
    device: Device,
}

impl Permits {
    /// Takes a permit for a login. Returns `None` if too many logins wait, in total or from this browser.
    pub fn enter(self: &Arc<Self>, device: Device) -> Option<Permit> {
        let mut inside = self.inside.lock();
        let own = inside.iter().filter(|other| **other == device).count();
        let has_room = inside.len() < MOST_WAITING && own < MOST_WAITING_PER_DEVICE;
        has_room.then(|| {
            inside.push(device);
            Permit { permits: Arc::clone(self), device }
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut inside = self.permits.inside.lock();
        if let Some(at) = inside.iter().position(|other| *other == self.device) {
            inside.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::operators_file::OperatorName;
    use crate::console::password::StoredPassword;
    use crate::console::roles::Role;

    fn operator(name: &str, hash: &str) -> Operator {
        let (name, password) = (OperatorName::new(name).unwrap(), StoredPassword::read(hash));
        Operator { name, role: Role::Viewer, password }
    }

    #[test]
    fn a_cookie_is_good_for_its_operator_password_and_time() {
        let (ann, day) = (operator("ann", "hash"), 24 * 60 * 60 * 1_000);
        let cookie = cookie_of(&ann, Device([7; 16]), Timestamp(1_000));
        let forged = cookie.replacen("ann:", "bob:", 1);
        let older = cookie.replacen(":1:", ":2:", 1);
        let longer = format!("{cookie}:1");
        for (cookie, operator, at, good) in [
            (&cookie, &ann, 1_000, true),
            (&cookie, &ann, 30 * day, true),
            (&cookie, &ann, 30 * day + 1_000, false),
            (&cookie, &operator("ann", "another hash"), 1_000, false),
            (&cookie, &operator("bob", "hash"), 1_000, false),
            (&forged, &operator("bob", "hash"), 1_000, false),
            (&older, &ann, 2_000, false),
            (&longer, &ann, 1_000, false),
        ] {
            let found = known(cookie, operator, Timestamp(at));
            assert_eq!(found, good.then_some(Device([7; 16])), "{cookie} of {} at {at}", operator.name);
        }
        for text in ["", "ann", "ann:", "ann:::", "ann:é:1:x", ":::", "ann:07:1:07"] {
            assert_eq!(known(text, &ann, Timestamp(1_000)), None, "{text:?}");
        }
    }

    /// Begins logins (`+browser`) and ends logins (`-browser`). Asserts which logins were admitted.
    fn check(script: &str, expected: &str) {
        let permits = Arc::new(Permits::default());
        let mut held = Vec::new();
        let mut told = Vec::new();
        for word in script.split_whitespace() {
            let (sign, browser) = word.split_at(1);
            let device = Device([browser.as_bytes()[0]; 16]);
            match sign {
                "+" => {
                    let permit = permits.enter(device);
                    told.push(if permit.is_some() { "in" } else { "out" });
                    held.extend(permit);
                }
                _ => {
                    let at = held.iter().position(|permit: &Permit| permit.device == device).unwrap();
                    held.swap_remove(at);
                }
            }
        }
        assert_eq!(told.join(" "), expected, "{script}");
    }

    #[test]
    fn a_browser_has_two_permits_and_all_have_eight() {
        check("+a +a +a +b -a +a", "in in out in in");
        check("+a +a +b +b +c +c +d +d +e -b +e", "in in in in in in in in out in");
    }
}
