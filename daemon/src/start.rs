//! From the command line to a running daemon, or to one line that says why not.

use crate::cli::{Cli, Other};
use crate::config::{Config, Given};
use crate::serve::{ServeError, Taken, serve};
use crate::store::{Home, Store, StoreError, export, import};
use crate::words::because;
use clap::Parser as _;
use std::ffi::OsString;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit status for a configuration that is wrong (`EX_CONFIG` of sysexits.h): starting again does not mend it, so
/// the unit tells systemd not to.
const MISTAKEN: u8 = 78;

/// The program.
pub fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // A step starts many times a second; it does not need a command line parser.
    match args.next().as_ref().and_then(|word| word.to_str()) {
        Some("step") => return crate::steps::main(args),
        Some("runner") => return crate::runner::main(args),
        _ => {}
    }
    let cli = Cli::parse();
    match cli.other {
        Some(Other::Step { args }) => crate::steps::main(args),
        Some(Other::Runner { args }) => crate::runner::main(args),
        Some(Other::Export { state }) => finish(&export_all(state)),
        Some(Other::Import { state }) => finish(&import_all(state)),
        None => daemon(&cli),
    }
}

fn finish(ended: &Result<(), StoreError>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(error, &error.hint()),
    }
}

/// `showd: what`, `because: why`, `hint: the next move`.
fn complain(error: &dyn std::error::Error, hint: &str) -> ExitCode {
    eprintln!("showd: {error}");
    if let Some(cause) = error.source() {
        eprintln!("  because: {}", because(cause));
    }
    if !hint.is_empty() {
        eprintln!("  hint: {hint}");
    }
    ExitCode::FAILURE
}

fn daemon(cli: &Cli) -> ExitCode {
    let given = match given(cli) {
        Ok(given) => given,
        Err(error) => return complain(&error, "name a folder that is there with --share"),
    };
    let config = match Config::read(&given) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("{problems}");
            return MISTAKEN.into();
        }
    };
    if config.shares.is_empty() {
        eprintln!(
            "showd: there is nothing to watch\n  hint: name a folder with --share DIR, or [share.NAME] in the file of --config"
        );
        return MISTAKEN.into();
    }
    if cli.check {
        return check(&config);
    }
    // Before any thread: the sockets are taken from the environment, so that no step inherits them.
    let sockets = match crate::sys::sockets() {
        Ok(sockets) => sockets,
        Err(cause) => return complain(&ServeError::System { what: "take systemd's sockets", cause }, ""),
    };
    crate::log::start();
    match serve(&config, Taken { sockets, config_file: given.config, starts_runner: !cli.no_runner }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, &error.hint()),
    }
}

fn check(config: &Config) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for share in &config.shares {
        if !share.root.is_dir() {
            let root = share.root.display();
            eprintln!("share.{}.path: {root} is no folder, or away\n  hint: mount it, or mend the path", share.name);
            code = ExitCode::FAILURE;
        }
    }
    if code == ExitCode::SUCCESS {
        let (shares, pipelines) = (config.shares.len(), config.rules.pipelines.len());
        println!("fine: {shares} share(s), {pipelines} pipelines");
    }
    code
}

/// What the command line and the environment say.
fn given(cli: &Cli) -> Result<Given, Missing> {
    let mut shares = Vec::new();
    for path in &cli.share {
        shares.push(std::fs::canonicalize(path).map_err(|cause| Missing { path: path.clone(), cause })?);
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    Ok(Given {
        config: cli.config.clone(),
        shares,
        state: cli.state.as_ref().map(absolute),
        socket: cli.socket.as_ref().map(absolute),
        builtins: crate::steps::versions(),
        cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
        state_default: state_default(),
        socket_default: socket_default(),
    })
}

#[derive(Debug, thiserror::Error)]
#[error("could not find the share {path}")]
struct Missing {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn state_default() -> PathBuf {
    let base = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || PathBuf::from(variable("HOME").unwrap_or_else(|| "/var/lib".into())).join(".local/state");
    base.unwrap_or_else(home).join("showd")
}

fn socket_default() -> PathBuf {
    let runtime = variable("XDG_RUNTIME_DIR");
    show_protocol::socket_path(runtime.as_deref(), nix::unistd::getuid().as_raw(), Path::is_dir)
}

fn open(state: Option<PathBuf>) -> Result<Store, StoreError> {
    Store::open(Home::claim(&state.unwrap_or_else(state_default))?, u64::MAX)
}

fn export_all(state: Option<PathBuf>) -> Result<(), StoreError> {
    let store = open(state)?;
    let mut out = BufWriter::new(io::stdout().lock());
    export(&store, &mut out)?;
    out.flush().map_err(StoreError::ExportIo)
}

fn import_all(state: Option<PathBuf>) -> Result<(), StoreError> {
    let mut store = open(state)?;
    let count = import(&mut store, &mut io::stdin().lock())?;
    println!("{count} rows");
    Ok(())
}
