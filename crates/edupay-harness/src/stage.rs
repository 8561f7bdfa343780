//! Everything that plays a part in a run: the database, the wire to it, the gateway, the service.

use crate::app_store::AppStore;
use crate::checks::{Hearsay, event_ids};
use crate::database::{Cluster, Database};
use crate::error::{Doing, Failure};
use crate::history::History;
use crate::http::{Exchange, Request};
use crate::kinds::{Fault, Store};
use crate::load::{Load, Partners, Shared};
use crate::options::Plan;
use crate::process::free_port;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::receiver::Receiver;
use crate::sandbox::Sandbox;
use crate::service::{Service, Setup};
use crate::world;
use serde_json::json;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "edupay";

/// The parts, in the order in which they end.
pub(crate) struct Stage {
    /// Ends the clients before anything that they talk to.
    _load: Load,
    pub(crate) shared: Arc<Shared>,
    pub(crate) service: Service,
    pub(crate) sandbox: Sandbox,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) database: Database,
    pub(crate) receiver: Receiver,
    /// The events that were there before the receiver was.
    pub(crate) before: HashSet<String>,
    /// Whether the service's clock is moved in this run.
    pub(crate) clock_moves: bool,
    pub(crate) folder: PathBuf,
}

impl Stage {
    /// Sets everything up in this folder and lets the clients wait at the gate.
    pub(crate) fn set(plan: &Plan, folder: &Path, random: &mut Random) -> Result<Self, Failure> {
        let options = &plan.options;
        let (cluster, proxy, database, url) = match plan.db {
            Store::Sqlite => {
                let file = folder.join("edupay.db");
                let url = format!("sqlite://{}", file.display());
                (None, None, Database::Sqlite(file), url)
            }
            Store::Postgres => {
                let cluster = Cluster::start(options.postgres_bin.as_deref(), random)?;
                let root = Database::Postgres(Cluster::url(cluster.port(), "postgres"));
                root.open()?.execute(&format!("CREATE DATABASE {NAME}"))?;
                let wired = matches!(plan.fault, Fault::Cut | Fault::Mix);
                let proxy = if wired { Some(Proxy::to(cluster.port())?) } else { None };
                let port = proxy.as_ref().map_or(cluster.port(), Proxy::port);
                let database = Database::Postgres(Cluster::url(cluster.port(), NAME));
                (Some(cluster), proxy, database, Cluster::url(port, NAME))
            }
        };
        let port = free_port(random)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let sandbox = Sandbox::start(&options.service, folder, free_port(random)?, address)?;
        let mut service = Service::new(&Setup {
            service: &options.service,
            folder,
            database_url: &url,
            port,
            sandbox: sandbox.address(),
            keys: &Sandbox::keys(folder),
            clock_moves: plan.fault == Fault::Clock,
        })?;
        let root = AppStore::folder(folder).display().to_string();
        for arguments in [["appstore", "dev-root", "--dir", &root].as_slice(), &["migrate"]] {
            let (is_right, said) = service.tool(arguments)?;
            if !is_right {
                return Err(format!("edupay {}: {said}", arguments.join(" ")).into());
            }
        }
        world::fill(&database).doing("the seeds")?;
        if let Some(bug) = plan.planted {
            service.set("MISCHIEF_BUG", bug);
        }
        service.start()?;
        let before = event_ids(&mut database.open()?)?;
        let receiver = Receiver::register(address, random.branch(900), plan.fault != Fault::Clock)?;
        let history = History::create(&folder.join("clients.log"))?;
        let replays = replays(address);
        let partners = Partners { service: address, sandbox: sandbox.address(), app_store: AppStore::open(folder)? };
        let shared = Arc::new(Shared::new(partners, history, replays, plan.seed));
        let load = Load::start(&shared, options.clients, random)?;
        let (folder, clock_moves) = (folder.to_owned(), plan.fault == Fault::Clock);
        Ok(Self {
            _load: load,
            shared,
            service,
            sandbox,
            proxy,
            cluster,
            database,
            receiver,
            before,
            clock_moves,
            folder,
        })
    }

    /// Lets the gateway and the receiver of events behave well, until they are told otherwise.
    pub(crate) fn behave(&self) -> Result<(), Failure> {
        self.receiver.behave(true);
        self.sandbox.misbehave(&json!({}))
    }

    /// What the receiver of events knows.
    pub(crate) fn hearsay(&self) -> Hearsay {
        let (told, oddities) = (self.receiver.told(), self.receiver.oddities());
        Hearsay { told, before: self.before.clone(), oddities }
    }

    /// Lets everything stay where it is, and says where that is.
    pub(crate) fn keep(&mut self) -> Vec<String> {
        let cluster = self.cluster.as_mut().map(|cluster| cluster.keep().display().to_string());
        [Some(self.folder.display().to_string()), cluster].into_iter().flatten().collect()
    }
}

/// Whether the service knows a request again by its key.
fn replays(service: SocketAddr) -> bool {
    let request = Request::new("PUT", "/pay/fill_in_balance/").token(world::token(world::USERS)).key("probe");
    let request = request.json(&json!({ "amount": "1.00" }));
    let ask = || request.send(service, Duration::from_secs(20));
    matches!((ask(), ask()), (_, Exchange::Answered(second)) if second.header("Idempotency-Hit") == Some("true"))
}
