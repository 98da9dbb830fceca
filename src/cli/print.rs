//! `print`: what the program knows of itself, for people to keep: a configuration to begin with, the keys as they are, a
//! theme, the shell's completions, manual pages. No lab is looked for, and nothing is written but standard output.

use std::{iter, process::ExitCode};

use clap::CommandFactory as _;
use serde_json::json;

use super::{
    End, OK,
    args::{Cli, LookArgs, PrintArgs, PrintCommand},
    lab,
    out::{self, Out},
};
use crate::{
    app::{
        action::{ACTIONS, Context},
        keymap::Sequence,
    },
    config::{self, Folders, SAMPLE},
    theme::Themes,
};

/// Carries out `print`.
///
/// # Errors
/// There is no such theme or subcommand, or standard output is gone.
pub fn run(args: &PrintArgs, look: &LookArgs, out: &Out) -> Result<ExitCode, End> {
    match &args.command {
        PrintCommand::Config => out.bytes(SAMPLE.as_bytes())?,
        PrintCommand::Keys { json } => keys(*json, out)?,
        PrintCommand::Theme { name } => theme(name.as_deref().or(look.theme.as_deref()), out)?,
        PrintCommand::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "juicetop", &mut text);
            out.bytes(&text)?;
        }
        PrintCommand::Man { of } => man(of, out)?,
    }
    Ok(ExitCode::from(OK))
}

/// The keys, with the person's own ones. What cannot be used of those is told.
fn keys(as_json: bool, out: &Out) -> Result<(), End> {
    let folders = Folders::find();
    let loaded = config::load(&folders);
    let (keymap, problems) = lab::keymap(&loaded, &folders);
    loaded.problems.iter().map(ToString::to_string).chain(problems).for_each(|problem| out::say(&problem));
    let mut title = None;
    for (context, entry) in Context::ALL
        .into_iter()
        .flat_map(|context| ACTIONS.iter().map(move |entry| (context, entry)))
        .filter(|(context, entry)| entry.contexts.contains(context))
    {
        let keys = keymap.keys(context, entry.action);
        if as_json {
            let line = json!({
                "context": context.name(),
                "action": entry.name,
                "keys": keys.iter().map(Sequence::name).collect::<Vec<_>>(),
                "does": entry.sentence,
            });
            out.line(&line.to_string())?;
            continue;
        }
        if title.replace(context) != Some(context) {
            let gap = if context == Context::ALL[0] { "" } else { "\n" };
            out.line(&format!("{gap}{} ({})", context.title(), context.name()))?;
        }
        let keys = keymap.listed(context, entry.action);
        // Own keys are what a file says.
        let keys = out.cell(&keys);
        out.line(&format!("  {keys:<20} {:<20} {}", entry.name, entry.sentence))?;
    }
    Ok(())
}

/// The file of a theme, the present one where none is named.
fn theme(name: Option<&str>, out: &Out) -> Result<(), End> {
    let loaded = config::load(&Folders::find());
    let themes = Themes::new(loaded.themes);
    let name = name.unwrap_or(&loaded.config.theme);
    let Some(text) = themes.text(name) else {
        let all = themes.list().join(", ");
        return Err(End::misuse(format!("there is no theme `{name}`; there are {all}")));
    };
    for line in text.lines() {
        out.line(&out.cell(line))?;
    }
    Ok(())
}

/// The manual page of the program, or of the subcommand that these words name.
fn man(of: &[String], out: &Out) -> Result<(), End> {
    let mut command = Cli::command();
    // This gives the subcommands their whole names, and what holds for all of them.
    command.build();
    let mut found = &command;
    for word in of {
        let Some(below) = found.find_subcommand(word).filter(|below| !below.is_hide_set()) else {
            let whole: Vec<&str> = iter::once("juicetop").chain(of.iter().map(String::as_str)).collect();
            return Err(End::misuse(format!(
                "there is no `{}`; `juicetop --help` lists all",
                whole.join(" ")
            )));
        };
        found = below;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(found.clone()).render(&mut text)?;
    out.bytes(&text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shown_subcommand_has_a_manual_page_under_its_own_name() {
        let mut command = Cli::command();
        command.build();
        let mut left = vec![(Vec::new(), &command)];
        let mut pages = 0;
        while let Some((words, command)) = left.pop() {
            let mut text = Vec::new();
            clap_mangen::Man::new(command.clone()).render(&mut text).unwrap();
            let text = String::from_utf8(text).unwrap();
            let named: Vec<&str> = iter::once("juicetop").chain(words.iter().copied()).collect();
            assert!(text.contains(&format!(".TH {} ", named.join("-"))), "{named:?}: {text}");
            pages += 1;
            let below = command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help");
            left.extend(below.map(|it| ([&words[..], &[it.get_name()]].concat(), it)));
        }
        assert!(pages > 10, "{pages}");
    }
}
