//! From words to a command, and from clap's complaints to ours.

use super::Cli;
use crate::complaint::{Complaint, usage};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};
use std::ffi::OsString;
use std::time::Duration;

/// Why there is no command to run.
#[derive(Debug)]
pub enum Unread {
    /// Help or version was asked for.
    Told(String),
    Wrong(Complaint),
}

/// Reads a command line.
///
/// # Errors
/// When help was asked for, or the words make no sense.
pub fn read(words: &[OsString]) -> Result<Cli, Unread> {
    Cli::try_parse_from(words).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Unread::Told(error.render().ansi().to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand if words.len() == 1 => {
            let hint = "\"showctl status\" is a good beginning, \"showctl --help\" has the rest";
            Unread::Wrong(usage("what should it do?", hint))
        }
        _ => Unread::Wrong(complaint(&error, words)),
    })
}

/// Clap's first paragraph is what is wrong; its suggestion, else the way to the help, is the hint.
fn complaint(error: &clap::Error, words: &[OsString]) -> Complaint {
    let rendered = error.render().to_string();
    let said = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    let mut text: String = said.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if error.kind() == ErrorKind::MissingRequiredArgument
        && let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg)
    {
        let is = if missing.len() == 1 { "is" } else { "are" };
        text = format!("{} {is} missing", missing.join(" and "));
    }
    let suggestions = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let suggested = suggestions.into_iter().find_map(|kind| match error.get(kind) {
        Some(ContextValue::String(one)) => Some(one.clone()),
        Some(ContextValue::Strings(several)) if !several.is_empty() => Some(several.join("\" or \"")),
        _ => None,
    });
    let known = Cli::command();
    let command =
        words.iter().skip(1).filter_map(|word| word.to_str()).find(|word| known.find_subcommand(word).is_some());
    let hint = match (suggested, command) {
        (Some(suggested), _) => format!("did you mean \"{suggested}\"?"),
        (None, Some(command)) => format!("see \"showctl {command} --help\""),
        (None, None) => "see \"showctl --help\"".into(),
    };
    usage(text, hint)
}

/// `90`, `90s`, `20m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: jiff::SignedDuration = text.parse().map_err(|_| "not a time; say 90, 90s, 20m or 1h30m".to_owned())?;
    Duration::try_from(span).map_err(|_| "a time to wait is not negative".to_owned())
}

/// `key=value`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("not key=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(words: &str) -> String {
        let words: Vec<OsString> = std::iter::once("showctl").chain(words.split(' ')).map(OsString::from).collect();
        match read(&words) {
            Err(Unread::Wrong(complaint)) => anstream::adapter::strip_str(&complaint.to_string()).to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_mistyped_is_guessed() {
        insta::assert_snapshot!(wrong("stauts"), @r#"
        showctl: unrecognized subcommand 'stauts'
          hint: did you mean "status"?
        "#);
        insta::assert_snapshot!(wrong("jobs --sate failed"), @r#"
        showctl: unexpected argument '--sate' found
          hint: did you mean "--state"?
        "#);
    }

    #[test]
    fn what_is_wrong_is_named_with_the_way_to_the_help() {
        let lines =
            ["jobs --state broken", "wait", "wait 4 --timeout soon", "job it", "wait 4 --idle", "lock a", "lock"];
        insta::assert_snapshot!(lines.map(wrong).concat());
        match read(&["showctl".into()]) {
            Err(Unread::Wrong(complaint)) => assert!(complaint.text.contains("what should it do?"), "{complaint}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_are_said_in_several_ways() {
        let seconds = |text: &str| duration(text).map(|time| time.as_secs());
        assert_eq!(
            [seconds("90"), seconds("90s"), seconds("20m"), seconds("1h30m")],
            [Ok(90), Ok(90), Ok(1_200), Ok(5_400)]
        );
        assert!(seconds("soon").is_err() && seconds("-5s").is_err());
    }

    #[test]
    fn the_definition_of_the_command_line_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example_that_can_be_typed() {
        let mut open: Vec<clap::Command> = Cli::command().get_subcommands().cloned().collect();
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands().cloned());
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says what it does");
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  showctl ")).collect();
            assert!(!examples.is_empty(), "{name} has an example");
            for example in examples {
                // What comes after is the shell's: comments, pipes, other commands.
                let own = example.split(['#', '|', '>', '&']).next().unwrap_or_default().replace('"', "");
                let words: Vec<OsString> =
                    std::iter::once("showctl").chain(own.split_whitespace()).map(OsString::from).collect();
                let is_quoted = example.contains('"');
                assert!(is_quoted || read(&words).is_ok(), "{name}: showctl {example}");
            }
        }
    }
}
