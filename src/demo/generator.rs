//! The waveform generator: a service that is slow to load and, in some scenarios, not always there.

use super::{
    failure::Failure,
    json::Json,
    service::{number, seconds, word},
};

pub(super) async fn handle(name: &str, fields: &Json) -> Result<Json, Failure> {
    match name {
        "LoadWaveform" => {
            let samples = number(fields, "samples");
            tokio::time::sleep(seconds(0.4 + samples / 1e6)).await;
            Ok(Json::map([
                ("channel", Json::Number(format!("{:.0}", number(fields, "channel")))),
                ("name", Json::text(word(fields, "name"))),
                ("bytes", Json::Number(format!("{:.0}", samples * 4.0))),
            ]))
        }
        _ => {
            let repeats = number(fields, "repeats");
            tokio::time::sleep(seconds((repeats * 0.05).min(600.0))).await;
            Ok(Json::map([("sequence", Json::text(word(fields, "sequence"))), ("underruns", Json::int(0))]))
        }
    }
}
