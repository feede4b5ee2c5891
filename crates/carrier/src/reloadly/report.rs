//! The statement: `GET /topups/reports/transactions`.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use ringback_core::Amount;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{number, token::unauthorised, unreadable};
use crate::{http::Shared, world::Booked};

/// The most rows of a page, and how many there are when nobody says.
const LARGEST_PAGE: usize = 200;

/// How Reloadly writes instants, in UTC.
const INSTANT: &str = "%Y-%m-%d %H:%M:%S";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportQuery {
    #[serde(default)]
    custom_identifier: Option<String>,
    #[serde(default)]
    start_date: Option<String>,
    #[serde(default)]
    end_date: Option<String>,
    #[serde(default = "first")]
    page: usize,
    #[serde(default = "largest")]
    size: usize,
}

fn first() -> usize {
    1
}

fn largest() -> usize {
    LARGEST_PAGE
}

pub(super) async fn report(
    State(shared): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<ReportQuery>, QueryRejection>,
) -> Response {
    if let Some(refused) = unauthorised(&shared, &headers) {
        return refused;
    }
    let Query(query) = match query {
        Ok(query) => query,
        Err(rejection) => return unreadable(&rejection.body_text()),
    };
    match (instant(query.start_date.as_deref()), instant(query.end_date.as_deref())) {
        (Ok(start), Ok(end)) => Json(query.page(&query.rows(&shared, start, end))).into_response(),
        _ => unreadable("dates are written as 2026-11-24 10:00:00"),
    }
}

impl ReportQuery {
    fn rows(&self, shared: &Shared, start: Option<DateTime>, end: Option<DateTime>) -> Vec<Booked> {
        let now_ms = shared.now_ms();
        let mut rows = match &self.custom_identifier {
            Some(reference) => shared.world().find(reference, now_ms).into_iter().collect(),
            None => shared.world().statement(now_ms),
        };
        rows.retain(|row| {
            let at = booked_at(row);
            start.is_none_or(|start| start <= at) && end.is_none_or(|end| at <= end)
        });
        rows
    }

    fn page(&self, rows: &[Booked]) -> Value {
        let (page, size) = (self.page.max(1), self.size.clamp(1, LARGEST_PAGE));
        let from = (page - 1).saturating_mul(size);
        let content: Vec<Value> = rows.iter().skip(from).take(size).map(transaction).collect();
        json!({
            "content": content, "totalElements": rows.len(), "totalPages": rows.len().div_ceil(size),
            "size": size, "number": page,
        })
    }
}

/// A top-up as Reloadly writes it. One that waits for its late success is called failed.
pub(super) fn transaction(row: &Booked) -> Value {
    let credited = row.credits > 0;
    let delivered = if credited { row.delivered } else { Amount::zero(row.delivered.currency()) };
    json!({
        "transactionId": row.id,
        "status": if credited { "SUCCESSFUL" } else { "FAILED" },
        "customIdentifier": row.reference,
        "recipientPhone": row.msisdn.digits(),
        "requestedAmount": number(row.requested),
        "requestedAmountCurrencyCode": row.requested.currency(),
        "deliveredAmount": number(delivered),
        "deliveredAmountCurrencyCode": delivered.currency(),
        "fee": 0,
        "transactionDate": booked_at(row).strftime(INSTANT).to_string(),
    })
}

/// When a row was booked, to the second, in UTC.
fn booked_at(row: &Booked) -> DateTime {
    let second = Timestamp::from_second(row.at_ms.div_euclid(1000)).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::UTC.to_datetime(second)
}

fn instant(text: Option<&str>) -> Result<Option<DateTime>, jiff::Error> {
    text.map(|text| DateTime::strptime(INSTANT, text)).transpose()
}
