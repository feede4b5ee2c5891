//! The carrier on one address: the status services' dialects, Reloadly's, the claim desk, and the truth for whoever
//! tests.

mod admin;
mod camara;
mod desk;
mod hlr_lookups;
mod hlrlookup;
mod recycling;
mod telesign;
pub(crate) mod trouble;
mod twilio;
mod zaiwang;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Router, middleware};
use ringback_core::{Amount, Msisdn};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

use crate::{
    faults::Faults,
    hlr::{Mirror, mirror_lifts},
    reloadly,
    subscriber::{Lift, Service, Subscriber},
    subscribers::{SubscribersError, read_subscribers},
    world::{Profile, World},
};

/// The carrier's own clock: milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What `ringback carrier` is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The subscribers, as TOML.
    pub subscribers: String,
    /// What goes wrong.
    pub faults: Faults,
    /// The payer's wallet.
    pub wallet: Amount,
    /// The control interface of an osmo-hlr that each bar is mirrored into.
    pub hlr: Option<SocketAddr>,
}

/// Why the carrier cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The subscribers' file.
    #[error("the subscribers cannot be used: {0}")]
    Subscribers(#[from] SubscribersError),
    /// The address is taken, or is not this machine's.
    #[error("{0} cannot be listened on: {1}; choose another --listen")]
    Listen(SocketAddr, std::io::Error),
    /// The HLR.
    #[error(
        "the HLR at {0} cannot be filled: {1}; one that was filled from other subscribers has to begin with an empty \
         database"
    )]
    Hlr(SocketAddr, ringback_network::osmo::CtrlError),
}

/// A running carrier; it stops when this is dropped.
pub struct Handle {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Shared,
    /// The server and what runs beside it; all of it ends with the handle.
    _tasks: JoinSet<()>,
}

/// The world, its clock, and who is told of lifted bars.
#[derive(Clone)]
pub(crate) struct Shared {
    world: Arc<Mutex<World>>,
    clock: Clock,
    lifts: Option<mpsc::UnboundedSender<Lift>>,
}

/// What the network knows of a line at a moment; each status service tells another part of it.
#[derive(Clone, Copy)]
struct Seen {
    barred: bool,
    powered_off: bool,
    service: Service,
}

/// Starts a carrier with these options.
pub async fn run(options: Options) -> Result<Handle, RunError> {
    let subscribers = read_subscribers(&options.subscribers)?;
    let mirror = match options.hlr {
        Some(address) => Some(fill(address, &subscribers).await?),
        None => None,
    };
    let world = World::new(subscribers, options.wallet, Profile::default(), options.faults);
    serve(world, options.listen, mirror).await
}

/// Writes every subscriber into the HLR; ceased numbers must not be there.
async fn fill(address: SocketAddr, subscribers: &[Subscriber]) -> Result<Mirror, RunError> {
    let (mirror, now_ms) = (Mirror::new(address), wall_ms());
    let (lines, ceased): (Vec<_>, Vec<_>) = subscribers.iter().partition(|subscriber| subscriber.exists());
    let lines = lines.into_iter().map(|s| (s.msisdn, s.imsi.clone(), s.is_barred(now_ms)));
    let failed = |error| RunError::Hlr(address, error);
    mirror.fill(lines).await.map_err(failed)?;
    mirror.check_absent(ceased.into_iter().map(|s| s.msisdn)).await.map_err(failed)?;
    Ok(mirror)
}

/// Serves a world on an address, by the machine's clock.
pub async fn serve(world: World, listen: SocketAddr, mirror: Option<Mirror>) -> Result<Handle, RunError> {
    serve_by(world, listen, mirror, Arc::new(wall_ms)).await
}

/// Serves a world on an address, by a clock of one's own.
pub async fn serve_by(
    world: World,
    listen: SocketAddr,
    mirror: Option<Mirror>,
    clock: Clock,
) -> Result<Handle, RunError> {
    let failed = |error| RunError::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut tasks = JoinSet::new();
    let lifts = mirror.map(|mirror| {
        let (tx, rx) = mpsc::unbounded_channel();
        tasks.spawn(mirror_lifts(mirror, rx, clock.clone()));
        tx
    });
    let shared = Shared { world: Arc::new(Mutex::new(world)), clock, lifts };
    tasks.spawn(book_late(shared.clone()));
    let app = routes(shared.clone());
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the carrier stopped");
        }
    });
    Ok(Handle { address, shared, _tasks: tasks })
}

fn routes(shared: Shared) -> Router {
    let questions = Router::new()
        .nest("/camara", camara::routes())
        .nest("/camara", recycling::routes())
        .nest("/twilio", twilio::routes())
        .nest("/telesign", telesign::routes())
        .nest("/hlr-lookups", hlr_lookups::routes())
        .nest("/hlrlookup", hlrlookup::routes())
        .nest("/zaiwang", zaiwang::routes())
        .nest("/desk", desk::routes())
        .nest("/reloadly", reloadly::questions())
        .route_layer(middleware::from_fn_with_state(shared.clone(), trouble::befall));
    let orders = Router::new().nest("/reloadly", reloadly::orders());
    questions.merge(orders).nest("/admin", admin::routes()).with_state(shared)
}

impl Handle {
    /// The world, for whoever embeds the carrier.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    /// The base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Shared {
    /// The world; each method leaves it whole, so a panic elsewhere does not spoil it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the network knows of a number; nothing where it has no subscriber.
    fn seen(&self, number: Msisdn) -> Option<Seen> {
        let (mut world, now_ms) = (self.world(), self.now_ms());
        world.book_late(now_ms);
        let line = world.subscribers.get(&number).filter(|subscriber| subscriber.exists())?;
        Some(Seen { barred: line.is_barred(now_ms), powered_off: line.powered_off, service: line.service })
    }

    /// The same by digits without a plus sign; nothing as well where they are no number.
    fn seen_by_digits(&self, digits: &str) -> Option<Seen> {
        self.seen(format!("+{digits}").parse().ok()?)
    }

    /// The carrier's time.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)()
    }
}

/// Books late successes when their time comes, and has lifted bars mirrored.
async fn book_late(shared: Shared) {
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let lifts = {
            let mut world = shared.world();
            world.book_late(shared.now_ms());
            world.take_lifts()
        };
        if let Some(tx) = &shared.lifts {
            // The mirror's task ends with the handle only, as this one does.
            for lift in lifts {
                tx.send(lift).unwrap_or_default();
            }
        }
    }
}

/// The machine's clock.
fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
