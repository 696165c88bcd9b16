//! The subcommands, what each takes, and its help with examples.

use super::{Page, read};
use clap::Subcommand;
use show_protocol::{AttemptNo, BuildId, JobId, JobState, LeaseId, ProposalId, ProposalState, Seq, Severity, Stream};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shares, episodes with their five stages, running jobs, failures, what was left out.
    #[command(after_help = "\
Stages:
  rundown   no error in items in production, no open conflict
  scripts   host and production scripts are of the present text, no error box
  clips     every clip cue leads to a file
  graphics  every full-screen quote and graphic has a picture of its text
  timing    the measured runtime is within 10 % of the target

Examples:
  showctl status
  showctl status --json |
    jq '.episodes[] | select(.stages.clips.state == \"blocked\")'")]
    Status,

    /// Every episode in one line.
    #[command(after_help = "Examples:\n  showctl episodes\n  showctl episodes --json | jq -r '.episodes[].title'")]
    Episodes(Page),

    /// One episode: stages, items, jobs, what is wrong. Also: new, check.
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    #[command(after_help = "\
Examples:
  showctl episode 900
  showctl episode new --title \"Limescale\"    # the next number and Sunday
  showctl episode check 900 --json    # {\"valid\":…,\"errors\":[…],\"warnings\":[…]}")]
    Episode {
        #[command(subcommand)]
        command: Option<EpisodeCommand>,
        /// Its number.
        #[arg(required = true)]
        episode: Option<String>,
    },

    /// Jobs, newest first; without --all not those that had nothing to do.
    #[command(after_help = "\
States:
  waiting running stopping publishing retrying
  succeeded succeeded_with_errors failed canceled
  up_to_date not_needed unavailable    nothing to do: shown with --all

Examples:
  showctl jobs --state failed --episode 900
  showctl jobs --step transcode --json | jq '.jobs[].message'")]
    Jobs {
        /// Only these states; may be given several times, or with commas.
        #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = word::<JobState>)]
        states: Vec<JobState>,
        /// Those too that were up to date, not needed or unavailable.
        #[arg(long, conflicts_with = "states")]
        all: bool,
        /// Only this step.
        #[arg(long)]
        step: Option<String>,
        /// Only this episode.
        #[arg(long)]
        episode: Option<String>,
        /// Only this build.
        #[arg(long)]
        build: Option<BuildId>,
        #[command(flatten)]
        page: Page,
    },

    /// Everything about one job: attempts, inputs, outputs, key.
    #[command(after_help = "Examples:\n  showctl job 47\n  showctl job 47 --json | jq -r .result")]
    Job {
        /// From "showctl jobs".
        job: JobId,
    },

    /// Why a job is where it is, or a file is not written.
    #[command(after_help = "\
Of a job: what it waits for, what changed, its last words. Of a file: what keeps
showd from writing into it now, by the same rules that it writes by.

Examples:
  showctl why 45
  showctl why \"rundown/10 Tea.md\"
  showctl why ./45                    # a file of that name")]
    Why {
        /// From "showctl jobs"; or a file.
        #[arg(value_name = "JOB | PATH")]
        about: String,
    },

    /// What would run now and why, and what is up to date. Does nothing.
    #[command(after_help = "\
Examples:
  showctl plan                        # everything
  showctl plan 900                    # one episode
  showctl plan assets/video/tea.mp4   # what depends on a file")]
    Plan {
        /// What about; else everything.
        #[arg(value_name = "EPISODE | PATH")]
        about: Option<String>,
        #[command(flatten)]
        page: Page,
    },

    /// What a job printed.
    #[command(after_help = "\
Examples:
  showctl log 47
  showctl log 47 --attempt 1 --stream err
  showctl log 47 --follow             # until it ends")]
    Log {
        /// From "showctl jobs".
        job: JobId,
        /// An earlier try; else the newest.
        #[arg(long, value_name = "N")]
        attempt: Option<AttemptNo>,
        /// Only one of: out, err.
        #[arg(long, value_name = "STREAM", value_parser = word::<Stream>)]
        stream: Option<Stream>,
        /// Go on as it is printed, until the attempt ends.
        #[arg(long, short)]
        follow: bool,
        /// With the time and stream of every line.
        #[arg(long, short)]
        times: bool,
    },

    /// The event log as it grows, from any number on.
    #[command(after_help = "\
With --json one event per line. After a restart of the daemon it goes on where
it was. To resume later, give the number after the last one seen.

Examples:
  showctl follow                      # from now on
  showctl follow --from 1 --no-wait   # all there is, then end
  showctl follow --from 1205 --json")]
    Follow {
        /// Begin with this event; else with the next one.
        #[arg(long, value_name = "SEQ")]
        from: Option<Seq>,
        /// End when there is nothing more yet.
        #[arg(long)]
        no_wait: bool,
    },

    /// Until jobs, builds or everything has ended.
    #[command(after_help = "\
Exits with 0 when all succeeded, 1 when one failed, 124 when the time ran out.

Examples:
  showctl wait 45 47
  showctl wait --build 7 --timeout 20m
  showctl wait --idle && showctl status")]
    Wait {
        /// From "showctl jobs".
        #[arg(value_name = "JOB", required_unless_present_any = ["builds", "idle"])]
        jobs: Vec<JobId>,
        /// All jobs of a build.
        #[arg(long = "build", value_name = "BUILD")]
        builds: Vec<BuildId>,
        /// Until nothing is left to do, and people's files are quiet and written.
        #[arg(long, conflicts_with_all = ["jobs", "builds"])]
        idle: bool,
        /// With --idle: do not wait for people's files to be quiet.
        #[arg(long, requires = "idle")]
        before_quiet: bool,
        /// At most this long: 90, 90s, 20m, 1h30m.
        #[arg(long, value_name = "TIME", value_parser = read::duration)]
        timeout: Option<Duration>,
        /// Count "succeeded with errors" as failed.
        #[arg(long)]
        strict: bool,
    },

    /// Try again: jobs, the failed ones, or an episode's.
    #[command(after_help = "\
Examples:
  showctl requeue 47
  showctl requeue --failed --episode 900
  showctl requeue --episode 900 --force   # even what is up to date")]
    Requeue {
        /// From "showctl jobs".
        #[arg(value_name = "JOB", required_unless_present_any = ["failed", "episode"])]
        jobs: Vec<JobId>,
        /// The failed ones.
        #[arg(long, conflicts_with = "jobs")]
        failed: bool,
        /// An episode's jobs; with --failed only those that failed.
        #[arg(long, value_name = "EPISODE", conflicts_with = "jobs")]
        episode: Option<String>,
        /// Even where the result is known.
        #[arg(long)]
        force: bool,
    },

    /// Stop jobs or builds: TERM, a grace, KILL.
    #[command(after_help = "Examples:\n  showctl cancel 43\n  showctl cancel --build 7")]
    Cancel {
        /// From "showctl jobs".
        #[arg(value_name = "JOB", required_unless_present = "builds")]
        jobs: Vec<JobId>,
        /// From "showctl builds".
        #[arg(long = "build", value_name = "BUILD")]
        builds: Vec<BuildId>,
    },

    /// A build of a pipeline for a subject, now.
    #[command(after_help = "\
Examples:
  showctl submit show-build 900
  showctl submit podcast episodes/0900/ loudness=-16 --wait")]
    Submit {
        /// From "showctl pipelines".
        pipeline: String,
        /// An episode, or a path below the share's root.
        subject: String,
        /// What its steps are told.
        #[arg(value_name = "KEY=VALUE", value_parser = read::pair)]
        parameters: Vec<(String, String)>,
        /// Until it has ended.
        #[arg(long)]
        wait: bool,
    },

    /// Builds, newest first.
    #[command(
        after_help = "Examples:\n  showctl builds --episode 900\n  showctl builds --pipeline show-build --limit 5"
    )]
    Builds {
        /// Only this episode.
        #[arg(long)]
        episode: Option<String>,
        /// Only this pipeline.
        #[arg(long)]
        pipeline: Option<String>,
        #[command(flatten)]
        page: Page,
    },

    /// One build: its graph with the state of every job.
    #[command(after_help = "\
Each step stands below the last one it needs; what it only waits for is in
brackets.

Examples:
  showctl build 7
  showctl build 7 --all               # those too that had nothing to do
  showctl build 7 --json | jq '.jobs[] | select(.state == \"failed\")'")]
    Build {
        /// From "showctl builds".
        build: BuildId,
        /// Those too that were up to date, not needed or unavailable, one by one.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        page: Page,
    },

    /// The pipelines in force. Also: show NAME.
    #[command(after_help = "Examples:\n  showctl pipelines\n  showctl pipelines show show-build > my-pipeline.toml")]
    Pipelines {
        #[command(subcommand)]
        command: Option<PipelinesCommand>,
    },

    /// Every version of a person's file that was read or written.
    #[command(after_help = "\
Examples:
  showctl history \"rundown/10 Why Kettles Sing.md\"
  showctl history info.md --limit 5")]
    History {
        /// A file.
        path: PathBuf,
        #[command(flatten)]
        page: Page,
    },

    /// The text of a version of a file, old or refused.
    #[command(after_help = "\
A version goes by its number or by the beginning of its digest, eight digits or
more; so does a text that was not written because the loss guard refused it.

Examples:
  showctl show info.md 3
  showctl show info.md 9a0326e8 | diff info.md -")]
    Show {
        /// A file.
        path: PathBuf,
        /// From "showctl history".
        #[arg(value_name = "REV")]
        revision: String,
    },

    /// Publish an old version of a file again; both stay in the history.
    #[command(after_help = "\
It is a text like any other then: once it has been quiet, what is safe to repair
is repaired again. To keep it as it is, hold it first, and release it later.

Example:
  showctl hold info.md && showctl restore info.md 3")]
    Restore {
        /// A file.
        path: PathBuf,
        /// From "showctl history".
        #[arg(value_name = "REV")]
        revision: String,
    },

    /// What differs between two versions of a file, or one and the file as it is.
    #[command(after_help = "\
Examples:
  showctl diff info.md 3              # from revision 3 to the file as it is
  showctl diff info.md 3 5 --json | jq -r .diff")]
    Diff {
        /// A file.
        path: PathBuf,
        /// From "showctl history".
        #[arg(value_name = "A")]
        from: String,
        /// The same; else the file as it is.
        #[arg(value_name = "B")]
        to: Option<String>,
    },

    /// Who or what gave each key and cue field of a note its value.
    #[command(after_help = "Example:\n  showctl blame \"rundown/10 Why Kettles Sing.md\"")]
    Blame {
        /// A Markdown file.
        path: PathBuf,
    },

    /// Files that two devices changed at once, and what is done about them.
    #[command(after_help = "\
Examples:
  showctl conflicts
  showctl conflicts --json | jq -r '.conflicts[] | select(.fit == \"clean\").copy'")]
    Conflicts(Page),

    /// Settle a conflict copy: one of both, both merged, or what you write.
    #[command(after_help = "\
Shows what differs and asks, unless told. Whatever is chosen, both texts stay in
\"showctl history FILE\". With --edit $VISUAL or $EDITOR opens a file of its own
that holds both sides; it is published once it has been saved without the lines
that begin with \"@@@@ showd\".

Examples:
  showctl resolve \"rundown/10 Tea.md\"
  showctl resolve \"rundown/10 Tea.md\" --merged
  showctl resolve \"10 Tea.sync-conflict-20260801-081936-ABCDEF2.md\" --theirs")]
    Resolve {
        /// The copy, or the file when it has one copy.
        #[arg(value_name = "COPY | FILE")]
        path: PathBuf,
        #[command(flatten)]
        choice: ResolveChoice,
    },

    /// Read a rundown without a daemon and say what is wrong with it.
    #[command(after_help = "\
Prints each finding with its line and a caret; exits with 1 when there are
errors. With --fix the safe repairs are made: a unified diff is printed first;
where a running daemon owns the share it does the writing, elsewhere showctl
publishes itself, under the same guard.

JSON: [{\"file\",\"cues\":[{\"type\",\"asset_id\",\"slug\",\"dialect\",\"collapsed\",\"line\",
\"begin\",\"end\",\"fields\":[[\"Name\",\"value\"],…]}],\"diagnostics\":[{\"code\",
\"severity\",\"line\",\"column\",\"message\",\"hint\"}]}] with byte offsets begin and
end, fields in source order with labels as written.

Examples:
  showctl check episodes/0900
  showctl check \"rundown/10 Tea.md\" --json
  showctl check episodes/0900 --fix")]
    Check {
        /// Files, folders, episodes.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Make the safe repairs.
        #[arg(long)]
        fix: bool,
        /// With --fix: print the diff, write nothing.
        #[arg(long, requires = "fix")]
        dry_run: bool,
    },

    /// Compile an episode's scripts now and say where they are.
    #[command(after_help = "\
Examples:
  showctl compile 900
  showctl compile 900 --preset host-clean")]
    Compile {
        /// Its number.
        episode: String,
        /// host, production or host-clean; else host and production.
        #[arg(long = "preset", value_name = "PRESET")]
        presets: Vec<String>,
    },

    /// Number an episode's cues and their media 10, 20, 30 …
    #[command(
        after_help = "Examples:\n  showctl enumerate 900             # what would change\n  showctl enumerate 900 --apply"
    )]
    Enumerate {
        /// Its number.
        episode: String,
        /// Take the numbers away instead.
        #[arg(long)]
        remove: bool,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },

    /// Write every item's order anew: 10, 20, 30 …
    #[command(
        after_help = "Examples:\n  showctl renumber 900             # what would change\n  showctl renumber 900 --apply"
    )]
    Renumber {
        /// Its number.
        episode: String,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },

    /// Round every item's order up to the next free 10.
    #[command(
        after_help = "Examples:\n  showctl normalise 900             # what would change\n  showctl normalise 900 --apply"
    )]
    Normalise {
        /// Its number.
        episode: String,
        /// Do it.
        #[arg(long)]
        apply: bool,
    },

    /// What is wrong in the files, as the daemon sees them.
    #[command(after_help = "\
Examples:
  showctl diagnostics 900
  showctl diagnostics --severity error
  showctl diagnostics episodes/0900/info.md")]
    Diagnostics {
        /// Only of this; else everything.
        #[arg(value_name = "EPISODE | PATH")]
        about: Option<String>,
        /// Only this episode.
        #[arg(long, conflicts_with = "about")]
        episode: Option<String>,
        /// Only this file.
        #[arg(long, conflicts_with = "about")]
        path: Option<PathBuf>,
        /// error, warning (and errors), or info (all).
        #[arg(long, value_parser = word::<Severity>)]
        severity: Option<Severity>,
        #[command(flatten)]
        page: Page,
    },

    /// Files that were found and left out, and why.
    #[command(after_help = "Example:\n  showctl left-out 900")]
    LeftOut {
        /// Only this episode.
        #[arg(value_name = "EPISODE")]
        about: Option<String>,
        /// The same.
        #[arg(long, conflicts_with = "about")]
        episode: Option<String>,
        #[command(flatten)]
        page: Page,
    },

    /// Edits that wait for a yes or no; with ID, the change it would make.
    #[command(
        after_help = "Examples:\n  showctl proposals\n  showctl proposals 3                # with the change it would make\n  showctl proposals --state rejected,stale"
    )]
    Proposals {
        /// One of them, with its change.
        #[arg(value_name = "ID")]
        proposal: Option<ProposalId>,
        /// open, accepted, published, rejected, stale; else the open ones.
        #[arg(long = "state", value_name = "STATE", value_delimiter = ',', value_parser = word::<ProposalState>)]
        states: Vec<ProposalState>,
        /// Only this episode.
        #[arg(long)]
        episode: Option<String>,
        #[command(flatten)]
        page: Page,
    },

    /// Yes to proposals: they are woven in at the next publish.
    #[command(after_help = "Example:\n  showctl accept 3 4")]
    Accept {
        /// From "showctl proposals".
        #[arg(required = true, value_name = "ID")]
        proposals: Vec<ProposalId>,
    },

    /// No to proposals.
    #[command(after_help = "Example:\n  showctl reject 3")]
    Reject {
        /// From "showctl proposals".
        #[arg(required = true, value_name = "ID")]
        proposals: Vec<ProposalId>,
    },

    /// Run a command while nobody else reads or writes a path.
    #[command(after_help = "\
The lock is renewed while the command runs and given back when it ends. The
command finds its fencing token, which only grows, in SHOWD_LOCK_TOKEN. Its exit
code is ours; when it died of a signal, 128 and the number.

Examples:
  showctl lock assets/video -- rsync -a assets/video/ truck:/video/
  showctl lock info.md --why \"bulk rename\" -- ./rename.sh")]
    Lock {
        /// A file or folder.
        path: PathBuf,
        /// For whoever wonders.
        #[arg(long, default_value = "", hide_default_value = true)]
        why: String,
        /// Wait this long for somebody else's lock; else for ever.
        #[arg(long, value_name = "TIME", value_parser = read::duration)]
        timeout: Option<Duration>,
        /// Do not wait for somebody else's lock.
        #[arg(long, conflicts_with = "timeout")]
        no_wait: bool,
        /// The command and its words.
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<std::ffi::OsString>,
    },

    /// Ask showd to leave a file alone until it is released.
    #[command(
        after_help = "Examples:\n  showctl hold \"rundown/10 Tea.md\" --why \"rewriting it\"\n  showctl release \"rundown/10 Tea.md\""
    )]
    Hold {
        /// A file or folder.
        path: PathBuf,
        /// For whoever wonders.
        #[arg(long, default_value = "", hide_default_value = true)]
        why: String,
    },

    /// End a hold.
    ///
    /// Also lets showd write a file again that it leaves alone because somebody undid it each time.
    #[command(after_help = "Example:\n  showctl release \"rundown/10 Tea.md\"")]
    Release {
        /// A file or folder.
        path: PathBuf,
    },

    /// Every lock and hold, and what running jobs keep.
    #[command(after_help = "Example:\n  showctl locks")]
    Locks,

    /// End a lock whose owner is gone.
    #[command(after_help = "Example:\n  showctl give-back 12")]
    GiveBack {
        /// From "showctl locks".
        lock: LeaseId,
    },

    /// Let go of what was kept longer than the configuration says, now and not only once a day.
    #[command(after_help = "\
The newest version of every file stays for ever, and so does whatever something
else still stands on. \"[keep]\" in the configuration says how long and how much
of the rest.

Examples:
  showctl sweep --dry-run
  showctl sweep --json | jq .archive.bytes")]
    Sweep {
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },

    /// The watched folders.
    #[command(after_help = "Example:\n  showctl shares")]
    Shares,

    /// Whose a share is: which machine's showd writes into it.
    #[command(after_help = "\
Of the machines that synchronise a share one owns it; showd/owner.toml in the
share says which. showd on the others reads and reports and writes nothing. With
--take this machine becomes the owner; then restart showd here. Needs no daemon.

JSON: {\"root\":…,\"owner\":\"us\"|\"other\"|\"nobody\"|\"unknown\",\"host\":…,\"why\":…}

Examples:
  showctl own /srv/show
  showctl own /srv/show --take")]
    Own {
        /// The share, or something in it; else where we are.
        #[arg(default_value = ".", hide_default_value = true)]
        path: PathBuf,
        /// Make it this machine's, whoever's it is.
        #[arg(long)]
        take: bool,
    },

    /// Whether everything that showd needs is there and as it should be.
    #[command(after_help = "\
Looks at the daemon, its disk, each share and its file system, the programs that
steps need, the sandbox and Syncthing. Exits with 1 when something is broken.
With --add-ignores the lines that .stignore lacks are added to it, on this
machine only: .stignore does not travel. What stands in it stays.

Examples:
  showctl doctor
  showctl doctor --add-ignores
  showctl doctor --json | jq -r '.findings[] | select(.health != \"good\").text'")]
    Doctor {
        /// Add to .stignore what keeps files of one machine apart.
        #[arg(long)]
        add_ignores: bool,
    },

    /// The configuration in force.
    #[command(
        after_help = "Examples:\n  showctl config > showd.toml\n  showctl config --json | jq -r '.settings[] | select(.origin != \"default\")'"
    )]
    Config,

    /// Completions for a shell.
    #[command(after_help = "Example:\n  showctl completions bash > ~/.local/share/bash-completion/completions/showctl")]
    Completions { shell: clap_complete::Shell },

    /// This client's version, and the daemon's where one answers.
    #[command(after_help = "Example:\n  showctl version")]
    Version,
}

#[derive(Debug, Clone, Copy, clap::Args)]
#[group(multiple = false)]
#[allow(clippy::struct_excessive_bools, reason = "at most one of the flags is there")]
pub struct ResolveChoice {
    /// What lies at the path stays.
    #[arg(long)]
    pub ours: bool,
    /// The copy takes its place.
    #[arg(long)]
    pub theirs: bool,
    /// Both edits in one text; refused where they do not fit together.
    #[arg(long)]
    pub merged: bool,
    /// Write it yourself, of both.
    #[arg(long)]
    pub edit: bool,
}

#[derive(Debug, Subcommand)]
pub enum EpisodeCommand {
    /// Make the folder of a new episode.
    #[command(
        after_help = "Examples:\n  showctl episode new\n  showctl episode new 0902 --title \"Limescale\" --airdate 2026-08-23"
    )]
    New {
        /// Its number; else the next one.
        episode: Option<String>,
        /// Its title.
        #[arg(long)]
        title: Option<String>,
        /// YYYY-MM-DD; else the next Sunday that is free.
        #[arg(long, value_name = "DATE")]
        airdate: Option<String>,
        /// sunday_show, full_show, …
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
    },
    /// Whether a folder has everything that is required.
    #[command(
        after_help = "Examples:\n  showctl episode check 900\n  showctl episode check 900 --json    # {\"valid\":…,\"errors\":[…],\"warnings\":[…]}"
    )]
    Check {
        /// Its number.
        episode: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum PipelinesCommand {
    /// The text of one pipeline.
    #[command(after_help = "Example:\n  showctl pipelines show show-build > my-pipeline.toml")]
    Show {
        /// From "showctl pipelines".
        #[arg(value_name = "NAME")]
        pipeline: String,
    },
}

/// One of a protocol's words.
fn word<T: std::str::FromStr<Err = String>>(text: &str) -> Result<T, String> {
    text.parse()
}
