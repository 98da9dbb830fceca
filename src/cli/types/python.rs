//! `types --python`: the carried script in the lab's own Python. Standard output gets the catalogue, or the envelope;
//! what imports print goes to standard error, each line with a mark.

use std::{
    io::Read,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::super::{
    End, FAILED, OK,
    args::{Place, TypesArgs},
    lab::Lab,
    links,
    out::{self, Out},
};
use crate::{
    catalogue::sweep::Payloads,
    net::discovery::{Service, discover},
    python::{Failure, LIMIT, Python},
    wire::json,
};

/// A payload larger than this is no task's: Juice's own limit for a frame.
const LARGEST: u64 = 50 * 1024 * 1024;

/// Carries out `types --python`.
///
/// # Errors
/// Every end but an answer.
pub(super) fn run(place: &Place, args: &TypesArgs, path: &Path, out: &Out) -> Result<u8, End> {
    let python = Python { path: path.to_owned(), limit: args.limit.unwrap_or(LIMIT) };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let mut printed = |line: &str| out::say(&format!("python: {line}"));
    if args.envelope {
        let (class, payload) = task(&args.names)?;
        let made = match python.envelopes(class, Payloads::one(&payload), &stop, &mut printed) {
            Ok(made) => made,
            Err(why @ (Failure::Refused { .. } | Failure::Raised { .. })) => {
                // Pydantic tells it on many lines.
                out::say_block(&why.to_string());
                return Ok(FAILED);
            }
            Err(why) => return Err(failed(&why)),
        };
        for raw in made {
            let metadata = format!(
                "{{\"parallel\": {}, \"display_name\": {}, \"show_in_dashboard\": {}}}",
                raw.parallel,
                json::quote(&raw.display_name),
                raw.show_in_dashboard
            );
            let task_type = json::quote(&raw.task_type);
            let line =
                format!("{{\"type\": {task_type}, \"metadata\": {metadata}, \"payload\": {}}}", raw.payload);
            out.line(&out.json(&line))?;
        }
        return Ok(OK);
    }
    let services = services(place, &args.names)?;
    out::say(&format!(
        "importing {} in {}: this runs the lab's own modules, which may open instruments",
        services.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
        path.display()
    ));
    let pairs = services.iter().map(|(name, entrypoint)| (name.as_str(), entrypoint.as_str()));
    let raw = python.list(pairs, &stop, &mut printed).map_err(|why| failed(&why))?;
    out.line(&out.json(&raw))?;
    let errors = errors(&raw);
    for (name, error) in &errors {
        out::say(&format!("{name} could not be imported: {error}"));
    }
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        let folder = crate::config::Folders::find().config;
        let folder =
            folder.map_or_else(|| "juicetop's configuration folder".to_owned(), |f| f.display().to_string());
        out::say(&format!("to keep it: give the same command with > {folder}/catalogue.d/lab.json"));
    }
    Ok(if errors.is_empty() { OK } else { FAILED })
}

fn failed(why: &Failure) -> End {
    End::new(FAILED, why.to_string())
}

/// The class and the payload of `--envelope`.
fn task(names: &[String]) -> Result<(&str, String), End> {
    let [class, payload] = names else {
        return Err(End::misuse("--envelope takes the class and its payload: MODULE:CLASS '{\"field\": 1}'"));
    };
    if !class.split_once(':').is_some_and(|(module, name)| !module.is_empty() && !name.is_empty()) {
        return Err(End::misuse(format!("{class} is no class: those are written MODULE:CLASS")));
    }
    let mut text = payload.clone();
    if payload == "-" {
        text.clear();
        let read = std::io::stdin().lock().take(LARGEST).read_to_string(&mut text);
        read.map_err(|e| End::misuse(format!("standard input cannot be read: {e}")))?;
    }
    json::check(&text).map_err(|e| End::misuse(format!("the payload is no JSON: {e}")))?;
    if json::kind(&text) != Some(json::Kind::Object) {
        return Err(End::misuse("the payload is no JSON object: { … }"));
    }
    Ok((class, text))
}

/// The services with their entrypoints: those named, else those that Juice's configuration names.
fn services(place: &Place, names: &[String]) -> Result<Vec<(String, String)>, End> {
    let lab = Lab::find(place).map_err(|problem| End::misuse(links::sentence(&problem)))?;
    let found = discover(&lab.places);
    found.warnings.iter().for_each(|warning| out::say(&warning.to_string()));
    pick(&found.services, names).map_err(|why| {
        End::misuse(format!("{why} (the configuration that was read: {})", lab.places.config_dir.display()))
    })
}

fn pick(known: &[Service], names: &[String]) -> Result<Vec<(String, String)>, String> {
    if names.is_empty() {
        return Ok(known.iter().map(|s| (s.name.clone(), s.entrypoint.clone())).collect());
    }
    let mut picked: Vec<(String, String)> = Vec::new();
    for word in names {
        let of_name = |name: &str| known.iter().find(|service| service.name == name);
        let of_entrypoint = |text: &str| known.iter().find(|service| service.entrypoint == text);
        let pair = match word.split_once('=') {
            Some((name, entrypoint)) if !name.is_empty() => (name.to_owned(), entrypoint.to_owned()),
            Some(_) => return Err(format!("{word} names no service: write NAME=MODULE:CLASS")),
            None if word.contains(':') => match of_entrypoint(word) {
                Some(service) => (service.name.clone(), word.clone()),
                None => return Err(format!("which service is {word}? Write NAME={word}")),
            },
            None => match of_name(word) {
                Some(service) => (word.clone(), service.entrypoint.clone()),
                None => return Err(format!("no entrypoint is known for {word}: write {word}=MODULE:CLASS")),
            },
        };
        if picked.iter().any(|(name, _)| *name == pair.0) {
            return Err(format!("{} is named twice", pair.0));
        }
        picked.push(pair);
    }
    Ok(picked)
}

/// What a catalogue says went wrong, by service.
fn errors(catalogue: &str) -> Vec<(String, String)> {
    let services =
        json::get(catalogue, "services").and_then(|raw| json::members(raw).ok()).unwrap_or_default();
    services
        .into_iter()
        .filter_map(|(name, raw)| {
            let error = json::get(raw, "error").and_then(json::string)?;
            Some((name.into_owned(), error.into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_by_name_or_entrypoint() {
        let service = |name: &str, entrypoint: &str| Service {
            name: name.into(),
            entrypoint: entrypoint.into(),
            implied: false,
            url: String::new(),
            kernel: false,
            supervisor: String::new(),
            version: None,
        };
        let known = [service("lab", "juice:IPython"), service("fridge", "hiddenlab:Lab")];
        let pick = |names: &[&str]| {
            pick(&known, &names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
                .map(|pairs| pairs.into_iter().map(|(n, e)| format!("{n}={e}")).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(pick(&[]).as_deref(), Ok("lab=juice:IPython fridge=hiddenlab:Lab"));
        assert_eq!(pick(&["fridge"]).as_deref(), Ok("fridge=hiddenlab:Lab"));
        assert_eq!(pick(&["hiddenlab:Lab", "a=b:C"]).as_deref(), Ok("fridge=hiddenlab:Lab a=b:C"));
        // What is no entrypoint is told by Python, as an import that fails.
        assert_eq!(pick(&["lab=nonsense"]).as_deref(), Ok("lab=nonsense"));
        for (names, why) in [
            (&["cryo"][..], "write cryo=MODULE:CLASS"),
            (&["m:C"], "Write NAME=m:C"),
            (&["=m:C"], "names no service"),
            (&["lab", "lab=x:Y"], "twice"),
        ] {
            assert!(pick(names).unwrap_err().contains(why), "{names:?}");
        }
    }

    #[test]
    fn an_envelope_needs_a_class_and_an_object() {
        let told = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            task(&names).map(|(class, payload)| (class.to_owned(), payload)).map_err(|end| end.code())
        };
        assert_eq!(told(&["m:C", "{\"a\": NaN}"]), Ok(("m:C".to_owned(), "{\"a\": NaN}".to_owned())));
        for names in [&["m:C"][..], &["mC", "{}"], &[":C", "{}"], &["m:C", "[1]"], &["m:C", "{"]] {
            assert_eq!(told(names), Err(crate::cli::MISUSE), "{names:?}");
        }
    }
}
