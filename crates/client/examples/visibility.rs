//! Sets who may see the user's status, and blocks the users that are named:
//! `visibility <address> <app> <user> <user-sig> everyone|friends|nobody [<blocked>…]`

#![allow(clippy::print_stdout)]

use lamplight_client::{AppId, Client, Visibility};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, app, user, user_sig, visibility, block @ ..] = words.as_slice() else {
        return Err(
            "visibility <address> <app> <user> <user-sig> everyone|friends|nobody [<blocked>…]".into()
        );
    };
    let visibility: Visibility = visibility.parse()?;
    let client = Client::builder(address).app(AppId(app.parse()?)).build()?;
    client.login(user, user_sig).await?;
    client.set_visibility(visibility).await?;
    if !block.is_empty() {
        for failure in client.block_users(block).await?.failures {
            println!("{}: {} ({})", failure.user_id, failure.message, failure.code);
        }
    }
    let list = client.get_block_list().await?;
    println!("{user} is visible to {}, except to {} users:", list.visibility, list.blocked.len());
    for entry in list.blocked {
        println!("{}", entry.id);
    }
    client.logout().await?;
    Ok(())
}
