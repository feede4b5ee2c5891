//! The carrier on one address: CAMARA, Reloadly's dialect, the claim desk, and the truth for whoever tests.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ringback_core::{Amount, Msisdn};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

use crate::{
    faults::{Faults, Trouble},
    hlr::Mirror,
    reloadly,
    subscribers::{SubscribersError, read_subscribers},
    world::{Lift, Profile, Service, World},
};

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
    #[error("the HLR at {0} cannot be filled: {1}")]
    Hlr(SocketAddr, ringback_network::osmo::CtrlError),
}

/// A running carrier; it stops when this is dropped.
pub struct Handle {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

/// The world, and who is told of lifted bars.
#[derive(Clone)]
pub(crate) struct Shared {
    world: Arc<Mutex<World>>,
    lifts: Option<mpsc::UnboundedSender<Lift>>,
}

/// Starts a carrier with these options.
pub async fn run(options: Options) -> Result<Handle, RunError> {
    let subscribers = read_subscribers(&options.subscribers)?;
    let mirror = match options.hlr {
        Some(address) => {
            let mirror = Mirror::new(address);
            let now_ms = now_ms();
            let lines = subscribers.iter().filter(|subscriber| subscriber.exists());
            let filled = mirror.fill(lines.map(|s| (s.msisdn, s.imsi.clone(), s.is_barred(now_ms)))).await;
            filled.map_err(|error| RunError::Hlr(address, error))?;
            Some(mirror)
        }
        None => None,
    };
    let world = World::new(subscribers, options.wallet, Profile::default(), options.faults);
    serve(world, options.listen, mirror).await
}

/// Serves a world on an address.
pub async fn serve(world: World, listen: SocketAddr, mirror: Option<Mirror>) -> Result<Handle, RunError> {
    let failed = |error| RunError::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let lifts = mirror.map(|mirror| {
        let (tx, rx) = mpsc::unbounded_channel();
        tokio::spawn(mirror_lifts(mirror, rx));
        tx
    });
    let shared = Shared { world: Arc::new(Mutex::new(world)), lifts };
    tokio::spawn(book_late(shared.clone()));
    let app = routes(shared.clone());
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the carrier stopped");
        }
    });
    Ok(Handle { address, shared, server })
}

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/camara/subscription-status/v0.1/retrive-subscription-status", post(status))
        .nest("/reloadly", reloadly::routes())
        .route("/desk/claims", post(claim))
        .route("/desk/claims/{reference}", get(claim_state))
        .route("/admin/profile", get(profile))
        .route("/admin/subscribers", get(subscribers))
        .route("/admin/statement", get(statement))
        .with_state(shared)
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

impl Drop for Handle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    /// The world; each method leaves it whole, so a panic elsewhere does not spoil it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer that a troubled question gets instead of its own.
    pub(crate) fn trouble(&self) -> Option<Response> {
        Some(match self.world().trouble()? {
            Trouble::Lost => broken(),
            Trouble::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Trouble::Garbage => html(),
        })
    }
}

/// Lifts bars in the HLR when their time comes, and once more should the HLR not answer.
async fn mirror_lifts(mirror: Mirror, mut rx: mpsc::UnboundedReceiver<Lift>) {
    let mirror = Arc::new(mirror);
    while let Some(lift) = rx.recv().await {
        let mirror = mirror.clone();
        tokio::spawn(async move {
            let wait_ms = u64::try_from(lift.at_ms - now_ms()).unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            while let Err(error) = mirror.set(lift.msisdn, false).await {
                tracing::warn!(%error, line = ?lift.msisdn, "the bar is not lifted in the HLR yet");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }
}

/// Books late successes when their time comes, and has lifted bars mirrored.
async fn book_late(shared: Shared) {
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let lifts = {
            let mut world = shared.world();
            world.book_late(now_ms());
            world.take_lifts()
        };
        if let Some(tx) = &shared.lifts {
            // The mirror's task ends with the process only.
            lifts.into_iter().for_each(|lift| tx.send(lift).unwrap_or_default());
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    phone_number: Msisdn,
}

/// CAMARA SubscriptionStatus with two extensions: the cause of a fraud bar, and whether the phone is switched on.
async fn status(State(shared): State<Shared>, Json(body): Json<StatusBody>) -> Response {
    if let Some(trouble) = shared.trouble() {
        return trouble;
    }
    let world = shared.world();
    let Some(line) = world.subscribers.get(&body.phone_number).filter(|subscriber| subscriber.exists()) else {
        let body = json!({ "status": 404, "code": "IDENTIFIER_NOT_FOUND", "message": "no such subscriber" });
        return (StatusCode::NOT_FOUND, Json(body)).into_response();
    };
    let voice = if line.is_barred(now_ms()) { "suspended" } else { "active" };
    let mut answer =
        json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": voice, "reachable": !line.powered_off });
    if line.service == Service::Fraud {
        answer["barCause"] = json!("fraud");
    }
    Json(answer).into_response()
}

#[derive(Deserialize)]
struct ClaimBody {
    reference: String,
}

async fn claim(State(shared): State<Shared>, Json(body): Json<ClaimBody>) -> Response {
    shared.trouble().unwrap_or_else(|| desk(&shared, &body.reference))
}

async fn claim_state(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    if let Some(trouble) = shared.trouble() {
        return trouble;
    }
    if !shared.world().has_claim(&reference) {
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "no such claim" }))).into_response();
    }
    desk(&shared, &reference)
}

fn desk(shared: &Shared, reference: &str) -> Response {
    let case = format!("C-{reference}");
    let word = shared.world().claim(reference, now_ms());
    let body = match word {
        Ok(None) => json!({ "reference": reference, "case": case, "state": "acknowledged" }),
        Ok(Some(paid)) => json!({
            "reference": reference, "case": case, "state": "paid", "paid": paid.decimal(), "currency": paid.currency(),
        }),
        Err(reason) => json!({ "reference": reference, "case": case, "state": "denied", "reason": reason }),
    };
    Json(body).into_response()
}

async fn profile(State(shared): State<Shared>) -> Response {
    let world = shared.world();
    let mut body = json!(world.profile);
    body["currency"] = json!(world.currency());
    Json(body).into_response()
}

async fn subscribers(State(shared): State<Shared>) -> Response {
    let world = shared.world();
    let now_ms = now_ms();
    let line = |s: &crate::world::Subscriber| {
        let mut body = json!(s);
        body["barred"] = json!(s.is_barred(now_ms));
        body
    };
    Json(world.subscribers.values().map(line).collect::<Vec<_>>()).into_response()
}

async fn statement(State(shared): State<Shared>) -> Response {
    let rows = shared.world().statement(now_ms());
    Json(rows).into_response()
}

/// An answer whose connection breaks in the middle.
pub(crate) fn broken() -> Response {
    let parts =
        futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("lost on purpose"))]);
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response()
}

/// An answer as a proxy out of order gives it.
pub(crate) fn html() -> Response {
    ([(header::CONTENT_TYPE, "text/html")], "<html><body>Bad gateway</body></html>").into_response()
}

/// The carrier's own clock.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
