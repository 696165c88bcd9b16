//! New orders, on request only (specification 3.1 #5). File names stay: a rename while somebody has the file open is the
//! worst conflict.

use super::{Rundown, RundownFile};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One item gets another order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Below the episode.
    pub path: String,
    /// As it is written now; empty when there is none.
    pub was: String,
    pub order: u64,
}

/// Position times ten, in the present order.
pub fn renumber(rundown: &Rundown) -> Vec<NewOrder> {
    let orders = (1u64..).map(|position| position * 10);
    changes(rundown.items().zip(orders))
}

/// Orders are rounded up to the next ten, then raised by ten while taken. Items without a number follow behind the rest.
pub fn normalise(rundown: &Rundown) -> Vec<NewOrder> {
    let mut taken = BTreeSet::new();
    let one = |file| {
        let given = RundownFile::order(file).number().map(|number| number.max(1).div_ceil(10).saturating_mul(10));
        let mut order = given.unwrap_or_else(|| taken.last().map_or(10, |last: &u64| last.saturating_add(10)));
        while !taken.insert(order) {
            order = order.saturating_add(10);
        }
        (file, order)
    };
    changes(rundown.items().map(one).collect::<Vec<_>>().into_iter())
}

fn changes<'r, 't: 'r>(orders: impl Iterator<Item = (&'r RundownFile<'t>, u64)>) -> Vec<NewOrder> {
    orders
        .filter(|(file, order)| file.order().number() != Some(*order))
        .map(|(file, order)| NewOrder {
            path: file.path.to_owned(),
            was: file.front().and_then(|front| front.text("order")).map(Cow::into_owned).unwrap_or_default(),
            order,
        })
        .collect()
}
