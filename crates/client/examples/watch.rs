//! Watches users until interrupted: `watch <address> <app> <user> <user-sig> <watched>...`

#![allow(clippy::print_stdout)]
// An application need not handle all events, and later versions of the SDK may add events.
#![allow(clippy::wildcard_enum_match_arm)]

use lamplight_client::{AppId, Client, Event};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, app, user, user_sig, watched @ ..] = words.as_slice() else {
        return Err("watch <address> <app> <user> <user-sig> <watched>...".into());
    };
    let client = Client::builder(address).app(AppId(app.parse()?)).build()?;
    let mut events = client.events();
    client.login(user, user_sig).await?;
    if !watched.is_empty() {
        client.subscribe_user_status(watched).await?;
    }

    while let Some(event) = events.next().await {
        match &event {
            Event::StatusChanged(statuses) => {
                for status in statuses {
                    let text = status.custom_status.as_str();
                    println!("{:32} {:9} {text} ({})", status.user_id, status.status_type, status.reason);
                }
            }
            Event::Disconnected { why, retry_in } => println!("-- {why}; trying again in {retry_in:?}"),
            Event::ConnectFailed { why, .. } => println!("-- {why}"),
            Event::Connected { .. } => println!("-- connected"),
            _ => println!("-- {event:?}"),
        }
        if event.ends_session() {
            break;
        }
    }
    Ok(())
}
