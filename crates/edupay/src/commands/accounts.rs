//! `edupay user …` and `edupay token …`.

use super::say;
use crate::error::{Context, Failure};
use crate::prices;
use crate::settings::{self, Overrides, Settings};
use clap::{Args, Subcommand, ValueEnum};
use edupay_domain::accounts::{Activity, Profile, Role, User};
use edupay_domain::ids::{UserId, Username};
use edupay_domain::ledger::Bucket;
use edupay_http::Services;
use serde_json::{Value, json};
use std::io::BufRead;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Adds a user; the password is read from the first line of standard input
    Create(CreateUser),
    /// Lists users, one JSON object a line
    List,
    /// Shows one user
    Show { username: String },
    /// Lets a user in again
    Activate { username: String },
    /// Keeps a user out; the balance stays
    Deactivate { username: String },
    /// Adds to a balance by a ledger entry with a reason
    Adjust(Adjust),
}

#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    username: String,
    /// A name among people
    #[arg(long, default_value = "")]
    nickname: String,
    /// May keep products, courses and users
    #[arg(long)]
    staff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Adjust {
    username: String,
    /// Yuan, such as 12.50
    #[arg(long)]
    amount: String,
    /// Why; kept in the ledger
    #[arg(long)]
    reason: String,
    /// Which balance
    #[arg(long, value_enum, default_value = "bonus")]
    bucket: BucketName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BucketName {
    Bonus,
    Iap,
    Cash,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Gives a user a new token, shown this once
    Issue { username: String },
    /// Makes all tokens of a user dead
    Revoke { username: String },
}

/// The settings and services of a command that is no server.
pub(super) async fn tool(overrides: &Overrides) -> Result<(Settings, Services), Failure> {
    let (settings, _) = settings::load(overrides)?;
    super::directory::expect_database(&settings)?;
    let store = crate::app::open_checked_store(&settings)?;
    let services = crate::app::services(&settings, &store)?;
    crate::demo_data::refuse_with_a_live_key(&settings, &services).await?;
    Ok((settings, services))
}

pub(super) async fn user(overrides: &Overrides, command: UserCommand) -> Result<(), Failure> {
    let (settings, services) = tool(overrides).await?;
    match command {
        UserCommand::Create(new) => create(&services, new).await,
        UserCommand::List => list(&services).await,
        UserCommand::Show { username } => {
            say(view(&find(&services, &username).await?));
            Ok(())
        }
        UserCommand::Activate { username } => set_activity(&services, &username, Activity::Active).await,
        UserCommand::Deactivate { username } => set_activity(&services, &username, Activity::Inactive).await,
        UserCommand::Adjust(adjust) => {
            let user = find(&services, &adjust.username).await?;
            let amount = prices::amount(&adjust.amount, settings.max_amount()?)?;
            let bucket = match adjust.bucket {
                BucketName::Bonus => Bucket::Bonus,
                BucketName::Iap => Bucket::Iap,
                BucketName::Cash => Bucket::Cash,
            };
            services.accounts.adjust_balance(user.id, bucket, amount, adjust.reason).await.context("user adjust")?;
            say(view(&find(&services, &adjust.username).await?));
            Ok(())
        }
    }
}

pub(super) async fn token(overrides: &Overrides, command: TokenCommand) -> Result<(), Failure> {
    let (_, services) = tool(overrides).await?;
    match command {
        TokenCommand::Issue { username } => {
            let user = find(&services, &username).await?;
            let token = services.accounts.issue_token(user.id).await.context("token issue")?;
            say(json!({ "token": token.reveal() }));
        }
        TokenCommand::Revoke { username } => {
            let user = find(&services, &username).await?;
            let count = services.accounts.log_out_everywhere(user.id).await.context("token revoke")?;
            say(json!({ "revoked": count }));
        }
    }
    Ok(())
}

async fn create(services: &Services, new: CreateUser) -> Result<(), Failure> {
    let username = Username::parse(&new.username).context("username")?;
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).context("the password on standard input")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let role = if new.staff { Role::Staff } else { Role::Member };
    let profile = Profile { nickname: new.nickname, ..Profile::default() };
    let user = services.accounts.create(username, password, profile, role).await.context("user create")?;
    say(view(&user));
    Ok(())
}

async fn list(services: &Services) -> Result<(), Failure> {
    const PAGE: u32 = 500;
    let mut above = 0;
    loop {
        let users = services.accounts.list(above, PAGE).await.context("user list")?;
        let Some(last) = users.last().map(|user| user.id) else { return Ok(()) };
        above = UserId::get(last);
        users.iter().for_each(|user| say(view(user)));
    }
}

pub(super) async fn find(services: &Services, username: &str) -> Result<User, Failure> {
    let name = Username::parse(username).context("username")?;
    let user = services.accounts.find_by_name(&name).await.context("user")?;
    user.ok_or_else(|| Failure::new(format!("there is no user {username}")))
}

async fn set_activity(services: &Services, username: &str, activity: Activity) -> Result<(), Failure> {
    let user = find(services, username).await?;
    services.accounts.set_activity(user.id, activity).await.context("user")?;
    say(view(&find(services, username).await?));
    Ok(())
}

fn view(user: &User) -> Value {
    json!({
        "user_id": user.id.get(),
        "username": user.username.as_str(),
        "nickname": user.profile.nickname,
        "role": match user.role { Role::Member => "member", Role::Staff => "staff" },
        "active": user.activity == Activity::Active,
        "cash_fen": user.wallet.cash.fen(),
        "iap_fen": user.wallet.iap.fen(),
        "bonus_fen": user.wallet.bonus.fen(),
        "debt_fen": user.wallet.debt.fen(),
    })
}
