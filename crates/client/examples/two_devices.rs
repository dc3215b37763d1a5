//! One user on a phone and in a browser. One of the devices sets a custom status, and both are notified of it. The user
//! is ONLINE until both have disconnected.
//!
//! Usage: `two_devices <address> <app> <user> <user-sig>`

#![allow(clippy::print_stdout)]

use lamplight_client::{AppId, Client, Event, Events, Platform, StatusType, UserStatus};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, app, user, user_sig] = words.as_slice() else {
        return Err("two_devices <address> <app> <user> <user-sig>".into());
    };
    let app = AppId(app.parse()?);
    let phone = Client::builder(address).app(app).platform(Platform::Android).device_id("phone").build()?;
    let browser = Client::builder(address).app(app).platform(Platform::Web).device_id("tab").build()?;
    phone.login(user, user_sig).await?;
    browser.login(user, user_sig).await?;

    let mut told = browser.events();
    phone.set_self_status("on two devices").await?;
    let own = until(&mut told, |status| !status.custom_status.is_empty()).await?;
    println!("the browser was told: {} is {:?}", own.user_id, own.custom_status);

    phone.logout().await?;
    let own = browser.get_user_status([user]).await?.statuses.remove(0);
    assert_eq!(own.status_type, StatusType::Online, "the browser is still there");
    println!("the phone has gone, and {} is still {}", own.user_id, own.status_type);
    browser.logout().await?;
    Ok(())
}

/// Returns the first status for which `wanted` returns `true`.
async fn until(
    events: &mut Events,
    wanted: impl Fn(&UserStatus) -> bool,
) -> Result<UserStatus, &'static str> {
    while let Some(event) = events.next().await {
        if let Event::StatusChanged(statuses) = event
            && let Some(status) = statuses.into_iter().find(|status| wanted(status))
        {
            return Ok(status);
        }
    }
    Err("the events have ended")
}
