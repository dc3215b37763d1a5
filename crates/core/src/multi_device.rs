//! The multi-device rule: the logins that a new login ends (SPEC section 5).

use lamplight_model::{DeviceId, MultiDeviceMode, MultiDevicePolicy, Platform};

/// An existing login.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'a> {
    /// The id of the device.
    pub device: &'a DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of the login.
    pub login: u64,
}

/// Returns the logins that a new login of `device` on `platform` ends, the earliest first. `standing` has the existing
/// logins in the same order.
///
/// All logins on other platforms of the same group end. Of the logins on `platform`, the earliest ones end, until the
/// number of instances with the new login is within the limit. An earlier login of `device` itself is not counted, and
/// does not end.
pub fn victims<'a>(
    policy: MultiDevicePolicy,
    standing: impl Iterator<Item = Contender<'a>>,
    device: &DeviceId,
    platform: Platform,
) -> Vec<Contender<'a>> {
    let others: Vec<Contender<'a>> = standing.filter(|contender| contender.device != device).collect();
    let rivals = others.iter().filter(|contender| same_group(policy.mode, contender.platform, platform));
    let (same, different): (Vec<&Contender<'_>>, Vec<_>) =
        rivals.partition(|rival| rival.platform == platform);

    let instances = if platform.is_web() { policy.web_instances } else { policy.native_instances };
    let room = usize::from(instances.max(1)) - 1;
    let too_many = same.len().saturating_sub(room);

    let leaving: Vec<&DeviceId> =
        different.iter().chain(&same[..too_many]).map(|rival| rival.device).collect();
    others.iter().filter(|contender| leaving.contains(&contender.device)).copied().collect()
}

/// Whether logins on two platforms compete. They do if the platforms are equal, or in one group of the mode.
fn same_group(mode: MultiDeviceMode, one: Platform, other: Platform) -> bool {
    if one == other {
        return true;
    }
    match mode {
        MultiDeviceMode::Single => true,
        MultiDeviceMode::Dual => one.is_web() == other.is_web(),
        MultiDeviceMode::Triple => family(one) == family(other),
        MultiDeviceMode::Multi => false,
    }
}

#[derive(PartialEq)]
enum Family {
    Mobile,
    Desktop,
    Web,
}

fn family(platform: Platform) -> Family {
    match platform {
        Platform::Android | Platform::IPhone | Platform::IPad => Family::Mobile,
        Platform::Windows | Platform::Mac | Platform::Linux => Family::Desktop,
        Platform::Web => Family::Web,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MultiDeviceMode::{Dual, Multi, Single, Triple};

    /// Checks which devices the login of `new` ends. Devices are written as `platform` or `platform/n`.
    fn check(mode: MultiDeviceMode, native: u8, web: u8, standing: &str, new: &str, expected: &str) {
        let parse = |word: &str| -> (DeviceId, Platform) {
            let platform = word.split('/').next().unwrap().parse().unwrap();
            (DeviceId::new(word).unwrap(), platform)
        };
        let logins: Vec<_> = standing.split_whitespace().map(parse).collect();
        let (device, platform) = parse(new);
        let policy = MultiDevicePolicy { mode, native_instances: native, web_instances: web };
        let contenders = logins.iter().zip(1..).map(|((device, platform), login)| Contender {
            device,
            platform: *platform,
            login,
        });
        let gone: Vec<_> = victims(policy, contenders, &device, platform)
            .iter()
            .map(|contender| contender.device.to_string())
            .collect();
        assert_eq!(gone.join(" "), expected, "{mode:?} {native}/{web}: {standing} + {new}");
    }

    #[test]
    fn the_newest_login_wins_and_the_oldest_in_the_way_is_kicked() {
        check(Single, 1, 1, "iPhone", "Web", "iPhone");
        check(Single, 1, 1, "iPhone Web Mac", "Windows", "iPhone Web Mac");
        check(Single, 1, 2, "Web/1", "Web/2", "");

        check(Dual, 1, 1, "iPhone Web", "Mac", "iPhone");
        check(Dual, 1, 1, "iPhone", "Web", "");
        check(Dual, 1, 1, "iPhone Web/1", "Web/2", "Web/1");

        check(Triple, 1, 1, "iPhone Mac Web", "Android", "iPhone");
        check(Triple, 1, 1, "iPhone Mac Web", "Linux", "Mac");
        check(Triple, 1, 1, "iPhone Mac", "Web", "");
        check(Triple, 1, 1, "iPad Windows", "iPhone", "iPad");

        check(Multi, 1, 1, "iPhone iPad Android Mac Windows Linux", "Web", "");
        check(Multi, 1, 1, "Android/1", "Android/2", "Android/1");
        check(Multi, 3, 1, "Android/1 Android/2", "Android/3", "");
        check(Multi, 3, 1, "Android/1 Android/2 Android/3", "Android/4", "Android/1");
        check(Multi, 1, 10, "Web/1 Web/2", "Web/3", "");
        // The policy was tightened while these logins existed.
        check(Multi, 1, 1, "Web/1 Web/2 Web/3", "Web/4", "Web/1 Web/2 Web/3");
        // A device that returns does not compete with itself.
        check(Single, 1, 1, "iPhone", "iPhone", "");
    }
}
