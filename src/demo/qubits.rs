//! The measurements: believable results after a believable time, and failures on purpose.
//!
//! Which qubits fail is fixed, so that a failure can be asked for: q13 has no decay to fit, q9 sits on a digitizer
//! that times out, q7 was never calibrated.

use super::{
    Lab,
    failure::{Failure, entry},
    json::Json,
    lock,
    rng::Rng,
    service::{number, seconds, word},
};

/// An error text with everything that a terminal might act on.
pub(super) const NASTY: &str = "red \u{1b}[31mtext\u{1b}[0m, title \u{1b}]0;pwned\u{7}, clipboard \u{1b}]52;c;SEVMTE8=\u{7}, \
    8-bit CSI \u{9b}2J, DCS \u{1b}P1$r\u{1b}\\, report \u{1b}[6n, reset \u{1b}c, bell \u{7}, back\u{8}\u{8}space, cr\roverwritten, \
    bidi \u{202e}gnp.exe\u{202c} \u{2066}isolate\u{2069}, zero\u{200b}width\u{2060}joiner\u{feff}, tab\there, unterminated \u{1b}]2;";

pub(super) async fn handle(lab: &Lab, name: &str, fields: &Json) -> Result<Json, Failure> {
    match name {
        "MonitorDrift" => tokio::time::sleep(seconds(number(fields, "seconds"))).await,
        _ => tokio::time::sleep(seconds(takes(name, fields))).await,
    }
    if let Some(failure) = failure(name, word(fields, "qubit")) {
        return Err(failure);
    }
    let mut rng = lock(&lab.rng);
    Ok(result(name, fields, &mut rng))
}

/// How long a measurement takes, seconds.
fn takes(name: &str, fields: &Json) -> f64 {
    match name {
        "MeasureT1" | "MeasureT2" | "RabiScan" | "QubitSpectroscopy" => {
            (number(fields, "averages") / 500.0).clamp(0.3, 600.0)
        }
        "CalibrateReadout" => 0.5 + number(fields, "shots") / 2000.0,
        "CalibratePulse" if word(fields, "qubit") == "q7" => 0.3,
        "CalibratePulse" => number(fields, "iterations") * 1.2,
        "Deep" | "Chained" => 0.4,
        "Grouped" => 1.5,
        _ => 0.05,
    }
}

fn failure(name: &str, qubit: &str) -> Option<Failure> {
    Some(match (name, qubit) {
        ("MeasureT1" | "MeasureT2" | "RabiScan", "q13") => Failure::told(
            "FitError",
            "exponential decay: no decay in the data (signal to noise 0.90)",
            include_str!("tracebacks/fit.txt"),
        ),
        ("MeasureT1" | "MeasureT2" | "RabiScan" | "QubitSpectroscopy", "q9") => Failure::told(
            "VisaIOError",
            "VI_ERROR_TMO (-1073807339): Timeout expired before operation completed.",
            include_str!("tracebacks/digitizer.txt"),
        ),
        ("CalibratePulse", "q7") => Failure::told(
            "CalibrationError",
            "no parameters for q7",
            include_str!("tracebacks/parameters.txt").replace("<qubit>", qubit),
        ),
        ("Chained", _) => {
            Failure::told("KeyError", "'q7/x180/backup'", include_str!("tracebacks/chained.txt"))
        }
        ("Grouped", _) => Failure::told(
            "ExceptionGroup",
            "readout failed for 3 of 4 qubits (3 sub-exceptions)",
            include_str!("tracebacks/grouped.txt"),
        ),
        ("Deep", _) => Failure::told(
            "RecursionError",
            "maximum recursion depth exceeded",
            include_str!("tracebacks/deep.txt"),
        ),
        ("Unserialisable", _) => Failure::told(
            "TypeError",
            "Object of type object is not JSON serializable",
            include_str!("tracebacks/unserialisable.txt"),
        ),
        ("Nasty", _) => {
            let raise = "  File \"/lab/lab_service.py\", line 37, in nasty\n    raise RuntimeError(BAD)\n";
            Failure::raised("RuntimeError", NASTY, &[entry::HANDLE, entry::AWAIT_HANDLER, raise])
        }
        _ => return None,
    })
}

fn result(name: &str, fields: &Json, rng: &mut Rng) -> Json {
    let qubit = Json::text(word(fields, "qubit"));
    match name {
        "MeasureT1" => decay("t1", qubit, fields, rng.between(28e-6, 71e-6), rng),
        "MeasureT2" => decay("t2", qubit, fields, rng.between(9e-6, 44e-6), rng),
        "RabiScan" => Json::map([
            ("qubit", qubit),
            ("pi_amplitude", rounded(rng.between(0.21, 0.34))),
            ("contrast", rounded(rng.between(0.88, 0.97))),
        ]),
        "QubitSpectroscopy" => {
            let centre = number(fields, "centre") + number(fields, "span") * rng.between(-0.3, 0.3);
            Json::map([
                ("qubit", qubit),
                ("frequency", Json::float(centre.round())),
                ("linewidth", Json::float(rng.between(2e5, 9e5).round())),
            ])
        }
        "CalibrateReadout" => {
            let qubits = fields.get("qubits").map_or(&[][..], Json::items);
            let fidelity =
                |qubit: &Json| (qubit.as_str().unwrap_or_default().to_owned(), rounded(rng.between(0.961, 0.993)));
            Json::map([("fidelity", Json::Map(qubits.iter().map(fidelity).collect()))])
        }
        "CalibratePulse" => {
            Json::map([("qubit", qubit), ("error_per_gate", rounded(rng.between(2e-4, 9e-4)))])
        }
        "MonitorDrift" => Json::map([("qubit", qubit), ("drift_hz", rounded(rng.between(-4e3, 4e3)))]),
        // As `json.dumps` writes them; no library of this program would.
        "NanResult" => Json::Raw(
            "{\"snr\": NaN, \"upper\": Infinity, \"lower\": -Infinity, \"shots\": 1208925819614629174706176, \
             \"values\": [1.0, NaN, -0.0, 1e-07]}"
                .to_owned(),
        ),
        "OddText" => Json::Raw(
            "{\"lone\": \"\\ud800 and \\udfff\", \"wide\": \"\\u91cf\\u5b50\\u6bd4\\u7279\", \
             \"family\": \"\\ud83d\\udc68\\u200d\\ud83d\\udc69\\u200d\\ud83d\\udc67\", \"accent\": \"e\\u0301\", \
             \"bidi\": \"\\u202etxt.exe\", \"control\": \"\\u001b[31m\\u0000\\u0007\\r\\n\\t\"}"
                .to_owned(),
        ),
        "Big" => big(number(fields, "megabytes"), rng),
        _ => Json::Null,
    }
}

/// A trace that decays, and its fit.
fn decay(key: &str, qubit: Json, fields: &Json, time: f64, rng: &mut Rng) -> Json {
    let sweep = fields.get("delays").cloned().unwrap_or(Json::Null);
    let (start, stop) = (number(&sweep, "start"), number(&sweep, "stop"));
    let points = number(&sweep, "points").clamp(2.0, 10_001.0) as u32;
    let trace = (0..points).map(|index| {
        let delay = start + (stop - start) * f64::from(index) / f64::from(points - 1);
        rounded(0.08 + 0.84 * (-delay / time).exp() + rng.between(-0.02, 0.02))
    });
    let trace = Json::List(trace.collect());
    Json::map([("qubit", qubit), (key, rounded(time)), ("error", rounded(time * 0.04)), ("signal", trace)])
}

/// Five digits: nobody's digitizer has more.
fn rounded(value: f64) -> Json {
    Json::float(format!("{value:.4e}").parse().unwrap_or(value))
}

/// A table of about this many megabytes of JSON.
fn big(megabytes: f64, rng: &mut Rng) -> Json {
    let goal = (megabytes.clamp(0.0, 40.0) * 1e6) as usize;
    let mut out = String::with_capacity(goal + 64);
    out.push('[');
    let mut index = 0_u32;
    while out.len() < goal {
        if index > 0 {
            out.push_str(", ");
        }
        let (i, q) = (rng.between(-1.0, 1.0), rng.between(-1.0, 1.0));
        out.push_str(&format!("{{\"shot\": {index}, \"i\": {i:?}, \"q\": {q:?}}}"));
        index += 1;
    }
    out.push(']');
    Json::Raw(out)
}
