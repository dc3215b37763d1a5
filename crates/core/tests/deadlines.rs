//! Compares the timing wheel with a plain list of the scheduled keys.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod quick;

use lamplight_core::DeadlineWheel;
use lamplight_model::Moment;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Event {
    /// Schedules a key at an offset from now, in ticks and milliseconds. The offset may be negative, or longer than one
    /// turn of the wheel.
    Schedule(i64, i64),
    Advance(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let ticks = prop_oneof![6 => 0..20_i64, 1 => -3..0_i64, 2 => 500..530_i64, 1 => 0..3_000_i64];
    let step = prop_oneof![2 => Just(0_u64), 8 => 1..300_u64, 2 => 0..10_000_u64, 1 => 40_000..400_000_u64];
    prop_oneof![
        3 => (ticks, -2..=2_i64).prop_map(|(ticks, slip)| Event::Schedule(ticks, slip)),
        2 => step.prop_map(Event::Advance),
    ]
}

proptest! {
    #![proptest_config(quick::cases(500))]

    #[test]
    fn every_key_wakes_once_never_early_and_at_most_a_tick_late(
        tick in prop::sample::select(&[1_u64, 7, 100][..]),
        start in 0..1_000_000_u64,
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut now = start;
        let mut wheel = DeadlineWheel::new(tick, Moment(now));
        let mut asleep: Vec<(u32, u64, u64)> = Vec::new();
        let mut keys = 0..;
        for event in events {
            match event {
                Event::Schedule(ticks, slip) => {
                    let at = now.saturating_add_signed(ticks * tick as i64 + slip);
                    let key = keys.next().unwrap();
                    wheel.schedule(key, Moment(at));
                    // A deadline in the past counts as now, and may be met at the next tick.
                    asleep.push((key, at, at.max(now)));
                }
                Event::Advance(step) => {
                    now += step;
                    let mut due = Vec::new();
                    wheel.advance(Moment(now), &mut due);
                    for key in due {
                        let index = asleep.iter().position(|(asleep, ..)| *asleep == key);
                        prop_assert!(index.is_some(), "{} wakes once", key);
                        let (_, at, _) = asleep.swap_remove(index.unwrap());
                        prop_assert!(at <= now, "{} was due at {}, not at {}", key, at, now);
                    }
                    for (key, _, due) in &asleep {
                        prop_assert!(due + tick > now, "{} was due at {} and sleeps at {}", key, due, now);
                    }
                    let next = wheel.next_tick().0;
                    prop_assert!(now < next && next <= now + tick);
                }
            }
        }
        let mut due = Vec::new();
        wheel.advance(Moment(now + 10_000_000), &mut due);
        due.sort_unstable();
        let mut left: Vec<u32> = asleep.iter().map(|(key, ..)| *key).collect();
        left.sort_unstable();
        prop_assert_eq!(due, left, "nothing is lost");
    }
}
