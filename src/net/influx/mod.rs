//! Juice's InfluxDB 2: what the services have logged and what became of tasks, read back.
//!
//! Everything here blocks, so it is for threads of its own; an answer is read while it comes, and each question ends after a
//! while. It only reads, and it refuses to show the token to anybody. The facts are from Juice's own
//! writer and readers (`orangeqs.juice.database`, `orangeqs.juice.schemas.logging` of orangeqs-juice-core 26.43.0) and
//! from InfluxDB's (`flux`, `csv/result.go`); no real InfluxDB stood behind them.

pub mod logs;
pub mod rows;
pub mod tasks;
#[cfg(test)]
mod tests;

use std::{fmt, io, ops::Range, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use ureq::{
    BodyReader,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::problem::tidy;
use crate::wire::json as js;

use rows::{Broken, Rows};

/// For how long a connection, and the beginning of an answer, is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// For how long the rest of an answer may stand still. Long enough for a disk of this machine that does.
const STILL: Duration = Duration::from_secs(30);
/// No answer takes longer as a whole: one to a person who waits for it, one that is read in the background.
const AWAITED: Duration = Duration::from_secs(60);
const UNHURRIED: Duration = Duration::from_secs(300);
/// Clocks go from this year on, and do not reach that one: what a header says may be any number.
const YEARS: Range<i32> = 1970..10_000;
/// Bytes of what is said instead of an answer.
const MOST_WORDS: u64 = 64 * 1024;
/// A row's cells take at most so many bytes. InfluxDB itself takes no text of more than 1 MiB.
const MOST_ROW: usize = 4 * 1024 * 1024;
/// The most log records of an answer.
const MOST_RECORDS: usize = 200;
/// The most bytes of them.
const MOST_LOGGED: usize = 16 * 1024 * 1024;
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
    /// The bucket of the task manager's events.
    pub tasks: String,
    /// The token of whoever reads.
    pub token: String,
    /// More certificate authorities to trust, beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("url", &self.url).field("org", &self.org).finish_non_exhaustive()
    }
}

/// Why there is no answer, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, in one sentence without a full stop.
    pub what: String,
    /// What helps, the same; may be empty.
    pub remedy: String,
    /// It may be another time by itself; else somebody has to change something first.
    pub passes: bool,
    /// A smaller question may have an answer.
    pub too_much: bool,
}

impl Failure {
    /// All of it in one text.
    pub fn sentence(&self) -> String {
        if self.remedy.is_empty() { self.what.clone() } else { format!("{}; {}", self.what, self.remedy) }
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

/// The errors with a traceback that a service logged between two moments, the newest first; at most 200 records, and 16 MiB, are looked at.
///
/// # Errors
/// Why there is no answer, in one sentence without a full stop.
pub fn exceptions(
    access: &Access,
    service: &str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Logged>, String> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    let flux = query(access, service, from, until);
    let mut answer = ask(access, &access.logs, &flux, AWAITED).map_err(|e| e.what)?;
    while bytes < MOST_LOGGED
        && let Some(row) = answer.next_row(&mut || false).map_err(|e| e.what)?
    {
        let Some(logged) = logged(&row) else { continue };
        bytes += logged.message.len() + logged.traceback.len();
        found.push(logged);
    }
    Ok(found)
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

/// An answer that is being read.
struct Answer<'a> {
    access: &'a Access,
    rows: Rows<BodyReader<'static>>,
    /// What time it was there when it began to come, to the second.
    at: Option<DateTime<Utc>>,
}

impl Answer<'_> {
    /// The next row; `None`: that was all. See [`Rows::next_row`].
    fn next_row(&mut self, is_over: &mut dyn FnMut() -> bool) -> Result<Option<rows::Row>, Failure> {
        let url = &self.access.url;
        self.rows.next_row(is_over).map_err(|broken| match broken {
            Broken::Told(why) => Failure {
                what: format!(
                    "the database at {url} failed in the middle of its answer: {}",
                    tidy(&why, 200)
                ),
                remedy: "its own log may tell more".to_owned(),
                passes: true,
                too_much: true,
            },
            Broken::Cut(why) => Failure {
                what: format!("the answer of {url} broke off: {}", tidy(&why, 200)),
                remedy: String::new(),
                passes: true,
                too_much: true,
            },
        })
    }
}

/// Asks a question in Flux, about that bucket; all of the answer may take so long.
fn ask<'a>(access: &'a Access, bucket: &str, flux: &str, longest: Duration) -> Result<Answer<'a>, Failure> {
    let url = format!("{}/api/v2/query", access.url.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(STILL))
        .timeout_global(Some(longest))
        .http_status_as_error(false)
        // Whoever leads elsewhere gets no token.
        .max_redirects(0)
        // The lab's own database: what the environment names for the world outside does not lead to it.
        .proxy(None)
        .tls_config(tls(access)?)
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
    let mut answer = answer.map_err(|e| Failure {
        what: format!("Juice's database at {} cannot be reached: {}", access.url, told(&e)),
        remedy: "look whether it runs; where this machine reaches it elsewhere, [influxdb] url says so"
            .to_owned(),
        passes: true,
        // It may have more to read than it can in that time.
        too_much: matches!(e, ureq::Error::Timeout(ureq::Timeout::RecvResponse)),
    })?;
    let status = answer.status().as_u16();
    if status == 200 {
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let at = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()).map(|at| at.to_utc());
        let at = at.filter(|at| YEARS.contains(&at.year()));
        let body = answer.into_body().into_with_config().reader();
        return Ok(Answer { access, rows: Rows::new(body, MOST_ROW), at });
    }
    let words = answer.body_mut().with_config().limit(MOST_WORDS).read_to_vec().unwrap_or_default();
    Err(refused(access, bucket, status, &words))
}

/// What a status other than 200 means, with the words that came with it.
fn refused(access: &Access, bucket: &str, status: u16, words: &[u8]) -> Failure {
    let message = std::str::from_utf8(words).ok().and_then(|words| {
        let text = js::get(words, "message").and_then(js::string)?;
        Some(tidy(&text, 200))
    });
    let url = &access.url;
    let said = message.map(|text| format!(" ({text})")).unwrap_or_default();
    let (what, remedy) = match status {
        401 | 403 => (
            format!("Juice's database at {url} refuses the token{said}"),
            "a token that may read it stands in Juice's influxdb-tokens, or in the file that [influxdb] token-file names",
        ),
        404 => (
            format!(
                "Juice's database at {url} has no bucket {bucket} for the organisation {}{said}",
                access.org
            ),
            "name the right ones in [influxdb] of the configuration",
        ),
        400 | 422 => (
            format!("Juice's database at {url} does not understand the question{said}"),
            "it may be no InfluxDB 2, or one that juicetop does not know",
        ),
        300..400 => (
            format!("{url} leads elsewhere (status {status})"),
            "give the address of the database itself, [influxdb] url",
        ),
        _ => (format!("Juice's database at {url} answers with status {status}{said}"), ""),
    };
    let passes = status == 429 || status >= 500;
    Failure { what, remedy: remedy.to_owned(), passes, too_much: status >= 500 }
}

/// Whom to trust: the system's certificates, or those that the environment names, and those of the person's own file.
fn tls(access: &Access) -> Result<TlsConfig, Failure> {
    if !access.url.starts_with("https") {
        return Ok(TlsConfig::default());
    }
    let mut roots: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .into_iter()
        .map(|der| Certificate::from_der(&der).to_owned())
        .collect();
    if let Some(path) = &access.ca_file {
        let unusable = |why: String| Failure {
            what: format!("the certificate file {} cannot be used: {}", path.display(), tidy(&why, 200)),
            remedy: "it holds certificates in PEM form (-----BEGIN CERTIFICATE-----)".to_owned(),
            passes: false,
            too_much: false,
        };
        for der in CertificateDer::pem_file_iter(path).map_err(|e| unusable(e.to_string()))? {
            let der = der.map_err(|e| unusable(e.to_string()))?;
            roots.push(Certificate::from_der(&der).to_owned());
        }
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots))).build())
}

/// An error of the library without what only programmers want to know.
fn told(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Global) => "not done in the time that there is for it".to_owned(),
        ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        ureq::Error::HostNotFound => "its name is not known here".to_owned(),
        ureq::Error::ConnectionFailed => "nobody answers there".to_owned(),
        ureq::Error::Io(error) => super::problem::io_words(error),
        error => tidy(&error.to_string(), 200),
    }
}

/// The same, of an error while a body is read.
fn told_io(error: io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(ureq::Error::Timeout(ureq::Timeout::Global)) => {
            "not done in the time that there is for it".to_owned()
        }
        Some(ureq::Error::Timeout(_)) => format!("nothing came for {} s", STILL.as_secs()),
        Some(error) => told(error),
        None => super::problem::io_words(&error),
    }
}
