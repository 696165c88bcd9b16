//! The store as lines of JSON and back, without redb: for backups, and for the day the format of the file changes.

use super::row::Kind;
use super::table::{self, Bytes, Writer};
use super::{Store, StoreError, read_error};
use redb::{Key, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use show_core::{
    ActionRow, Binding, BuildRow, EventRow, FileRow, FixedRow, IndexRow, Intent, JobRow, LeaseRow, MetaRow, Ours,
    ProposalRow, RevisionRow, Row,
};
use std::io::{BufRead, Write};

/// One line: a row under the name of its table. The first line says what the file is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Showd { schema: u32 },
    Share { number: u16, name: String },
    Meta(MetaRow),
    File(FileRow),
    Build(BuildRow),
    Job(Box<JobRow>),
    Action(Box<ActionRow>),
    Index(Box<IndexRow>),
    Lease(LeaseRow),
    Proposal(ProposalRow),
    Intent(Intent),
    Fixed(FixedRow),
    Binding(Binding),
    Ours(Ours),
    Revision(RevisionRow),
    Event(EventRow),
}

/// Rows per transaction of an import.
const LINES_TOGETHER: usize = 5_000;

/// Writes every row as one line.
///
/// # Errors
/// When the store cannot be read or `out` not be written.
pub fn export(store: &Store, out: &mut dyn Write) -> Result<(), StoreError> {
    line(out, &Line::Showd { schema: super::SCHEMA })?;
    {
        let read = store.db.begin_read().map_err(read_error)?;
        let shares = read.open_table(table::SHARE).map_err(read_error)?;
        for entry in shares.iter().map_err(read_error)? {
            let (number, name) = entry.map_err(read_error)?;
            line(out, &Line::Share { number: number.value(), name: name.value().to_owned() })?;
        }
    }
    each(store, table::META, out, Line::Meta)?;
    each(store, table::FILE, out, Line::File)?;
    each(store, table::BUILD, out, Line::Build)?;
    each(store, table::JOB, out, |job| Line::Job(Box::new(job)))?;
    each(store, table::ACTION, out, |action| Line::Action(Box::new(action)))?;
    each(store, table::INDEX, out, |index| Line::Index(Box::new(index)))?;
    each(store, table::LEASE, out, Line::Lease)?;
    each(store, table::PROPOSAL, out, Line::Proposal)?;
    each(store, table::INTENT, out, Line::Intent)?;
    each(store, table::FIXED, out, Line::Fixed)?;
    each(store, table::BINDING, out, Line::Binding)?;
    each(store, table::OURS, out, Line::Ours)?;
    each(store, table::REVISION, out, Line::Revision)?;
    each(store, table::EVENT, out, Line::Event)?;
    out.flush().map_err(StoreError::ExportIo)
}

fn each<K: Key + 'static, T: Kind>(
    store: &Store,
    table: TableDefinition<'static, K, Bytes>,
    out: &mut dyn Write,
    wrap: impl Fn(T) -> Line,
) -> Result<(), StoreError> {
    let read = store.db.begin_read().map_err(read_error)?;
    let table = read.open_table(table).map_err(read_error)?;
    for entry in table.iter().map_err(read_error)? {
        line(out, &wrap(T::from_bytes(entry.map_err(read_error)?.1.value())?))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, line: &Line) -> Result<(), StoreError> {
    let mut bytes = serde_json::to_vec(line).expect("rows are plain data");
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(StoreError::ExportIo)
}

/// Reads an export into a store, which should be empty. The epoch rises: tokens given out since the export are void.
///
/// # Errors
/// When a line is not a row, or the store cannot keep it.
pub fn import(store: &mut Store, lines: &mut dyn BufRead) -> Result<usize, StoreError> {
    let (mut count, mut batch) = (0, Vec::new());
    for (number, text) in lines.lines().enumerate() {
        let text = text.map_err(StoreError::ExportIo)?;
        if text.trim().is_empty() {
            continue;
        }
        batch.push(serde_json::from_str(&text).map_err(|cause| StoreError::Import { line: number + 1, cause })?);
        count += 1;
        if batch.len() >= LINES_TOGETHER {
            keep(store, &std::mem::take(&mut batch))?;
        }
    }
    keep(store, &batch)?;
    Ok(count)
}

fn keep(store: &Store, batch: &[Line]) -> Result<(), StoreError> {
    store.write(batch.len(), |writer| batch.iter().try_for_each(|line| put(writer, line)))
}

fn put(writer: &mut Writer<'_>, line: &Line) -> Result<(), table::WriteError> {
    writer.put(&match line {
        Line::Showd { .. } => return Ok(()),
        Line::Share { number, name } => return writer.share(*number, name),
        Line::Event(event) => return writer.log(event, u64::MAX),
        Line::Meta(meta) => Row::Meta(MetaRow { epoch: meta.epoch + 1, ..meta.clone() }),
        Line::File(row) => Row::File(row.clone()),
        Line::Build(row) => Row::Build(row.clone()),
        Line::Job(row) => Row::Job((**row).clone()),
        Line::Action(row) => Row::Action((**row).clone()),
        Line::Index(row) => Row::Index((**row).clone()),
        Line::Lease(row) => Row::Lease(row.clone()),
        Line::Proposal(row) => Row::Proposal(row.clone()),
        Line::Intent(row) => Row::Intent(row.clone()),
        Line::Fixed(row) => Row::Fixed(row.clone()),
        Line::Binding(row) => Row::Binding(row.clone()),
        Line::Ours(row) => Row::Ours(row.clone()),
        Line::Revision(row) => Row::Revision(row.clone()),
    })
}
