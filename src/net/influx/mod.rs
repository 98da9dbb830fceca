//! Juice's InfluxDB 2: what the services have logged, read back.
//!
//! Everything here blocks, so it is for threads of its own; each question ends after a while and is answered with a
//! bounded number of bytes. It only reads, and it refuses to show the token to anybody. The facts are from Juice's own
//! writer and readers (`orangeqs.juice.database`, `orangeqs.juice.schemas.logging` of orangeqs-juice-core 26.43.0) and
//! from InfluxDB's (`flux`, `csv/result.go`); no real InfluxDB stood behind them.

pub mod rows;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::wire::json as js;

/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes of an answer.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The most log records of an answer.
const MOST_RECORDS: usize = 200;
/// From here on a record is an error (`logging.ERROR`).
const ERROR_LEVEL: u32 = 40;

/// How the database of a lab is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// `http://host:port`.
    pub url: String,
    /// The organisation.
    pub org: String,
    /// The bucket of the services' logs.
    pub logs: String,
    /// The token of whoever reads.
    pub token: String,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("url", &self.url).field("org", &self.org).finish_non_exhaustive()
    }
}

/// A record of a service's log that has an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When it was written, by the service's clock.
    pub at: DateTime<Utc>,
    /// What was said.
    pub message: String,
    /// The traceback, as Python prints it.
    pub traceback: String,
}

/// The errors with a traceback that a service logged between two moments, the newest first; at most 200 records are looked at.
///
/// # Errors
/// Why there is no answer, in one sentence without a full stop.
pub fn exceptions(
    access: &Access,
    service: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Logged>, String> {
    let found = rows::read(&ask(access, &query(access, service, from, until))?)?;
    Ok(found.iter().filter_map(logged).collect())
}

/// The Flux text.
fn query(access: &Access, service: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!(
        "from(bucket: {bucket})\n\
        |> range(start: {from}, stop: {until})\n\
        |> filter(fn: (r) => r._measurement == \"logs\" and r._field == \"serialized_record\" and \
        r.service == {service} and int(v: r.level) >= {ERROR_LEVEL})\n\
        |> group()\n\
        |> sort(columns: [\"_time\"], desc: true)\n\
        |> limit(n: {MOST_RECORDS})\n",
        bucket = quoted(&access.logs),
        service = quoted(service),
        from = moment(from),
        until = moment(until),
    )
}

/// A string of Flux.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${");
    format!("\"{escaped}\"")
}

/// A record with a traceback.
fn logged(row: &rows::Row) -> Option<Logged> {
    let record = row.get("_value")?;
    let text = |key: &str| js::get(record, key).and_then(js::string);
    let traceback = text("exc_text")?.into_owned();
    let created = js::get(record, "created").and_then(|raw| raw.parse::<f64>().ok());
    let created = created.and_then(|at| DateTime::from_timestamp_micros((at * 1e6) as i64));
    let stored = row.get("_time").and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let at = created.or(stored.map(|at| at.to_utc()))?;
    Some(Logged { at, message: text("message")?.into_owned(), traceback })
}

/// Asks a question in Flux; the body of the answer.
fn ask(access: &Access, flux: &str) -> Result<Vec<u8>, String> {
    let url = format!("{}/api/v2/query", access.url.trim_end_matches('/'));
    let roots = || {
        let found = rustls_native_certs::load_native_certs().certs;
        found.into_iter().map(|der| Certificate::from_der(&der).to_owned()).collect::<Vec<_>>()
    };
    let tls = match url.starts_with("https") {
        true => TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots()))).build(),
        false => TlsConfig::default(),
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        // The lab's own database: what the environment names for the world outside does not lead to it.
        .proxy(None)
        .tls_config(tls)
        .build()
        .into();
    let body = json!({
        "query": flux,
        "dialect": {
            "header": true, "delimiter": ",", "annotations": ["datatype", "group", "default"],
            "commentPrefix": "#", "dateTimeFormat": "RFC3339",
        },
    });
    let answer = agent
        .post(&url)
        .query("org", &access.org)
        .header("Authorization", &format!("Token {}", access.token))
        .header("Content-Type", "application/json")
        .send(body.to_string());
    let mut answer = answer.map_err(|e| format!("{} cannot be reached: {}", access.url, told(&e)))?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
    let body = body.map_err(|e| format!("the answer of {} broke off: {}", access.url, told(&e)))?;
    if status == 200 {
        return Ok(body);
    }
    let message = std::str::from_utf8(&body).ok().and_then(|body| {
        let text = js::get(body, "message").and_then(js::string)?;
        Some(text.chars().take(200).collect::<String>())
    });
    let message = message.map(|text| format!(" ({text})")).unwrap_or_default();
    Err(match status {
        401 | 403 => format!("{} refuses the token{message}", access.url),
        404 => format!("{} has no bucket {}{message}", access.url, access.logs),
        _ => format!("{} answers with status {status}{message}", access.url),
    })
}

/// An error of the library without what only programmers want to know.
fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        ureq::Error::HostNotFound => "its name is not known here".to_owned(),
        ureq::Error::ConnectionFailed => "nobody answers there".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}
