//! Sets the user's custom status and stays online until interrupted:
//! `set_status <address> <app> <user> <user-sig> <text>`

#![allow(clippy::print_stdout)]

use lamplight_client::{AppId, Client, Code, Error as ClientError};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, app, user, user_sig, text] = words.as_slice() else {
        return Err("set_status <address> <app> <user> <user-sig> <text>".into());
    };
    let client = Client::builder(address).app(AppId(app.parse()?)).build()?;
    client.login(user, user_sig).await?;
    match client.set_self_status(text).await {
        Ok(status) => println!("{} is {} and {:?}", status.user_id, status.status_type, status.custom_status),
        Err(ClientError::Refused(refused)) if refused.is(Code::INVALID_PARAMETER) => {
            println!("not a custom status: {refused}");
        }
        Err(error) => return Err(error.into()),
    }

    // The custom status is cleared when the user goes offline.
    tokio::signal::ctrl_c().await?;
    client.logout().await?;
    Ok(())
}
