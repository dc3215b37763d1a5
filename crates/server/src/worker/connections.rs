//! The connections of a worker by slot, with the lists of connections to serve and to flush.

use super::connection::Connection;
use lamplight_model::{ConnectionId, NodeId};
use lamplight_wire::v1;
use slab::Slab;
use std::cell::{Cell, Ref, RefCell, RefMut};

/// The connections of one worker. A slot is valid only until the next await: another connection may then have it.
pub struct Connections {
    node: NodeId,
    worker: usize,
    slots: RefCell<Slab<Connection>>,
    /// The number of connections that were ever added. It makes each `ConnectionId` unique.
    added: Cell<u32>,
    /// The connections to serve in the next round.
    to_serve: RefCell<Vec<u32>>,
    /// The connections with output to send.
    to_flush: RefCell<Vec<u32>>,
}

impl Connections {
    /// Makes an empty set of connections for this worker of a node.
    pub fn new(node: NodeId, worker: usize) -> Self {
        Self {
            node,
            worker,
            slots: RefCell::default(),
            added: Cell::new(0),
            to_serve: RefCell::default(),
            to_flush: RefCell::default(),
        }
    }

    /// Returns the connections by slot.
    pub fn borrow(&self) -> Ref<'_, Slab<Connection>> {
        self.slots.borrow()
    }

    /// Returns the connections by slot, for changes.
    pub fn borrow_mut(&self) -> RefMut<'_, Slab<Connection>> {
        self.slots.borrow_mut()
    }

    /// Loads the connections in these slots into the cache of the processor.
    pub fn preload(&self, slots: &[usize]) {
        let connections = self.slots.borrow();
        slots.iter().filter_map(|slot| connections.get(*slot)).for_each(Connection::preload);
    }

    /// Adds a connection, which `make` creates from a free slot and a new id. If `make` fails, adds nothing.
    pub fn add<E>(
        &self,
        make: impl FnOnce(usize, ConnectionId) -> Result<Connection, E>,
    ) -> Result<ConnectionId, E> {
        let mut slots = self.slots.borrow_mut();
        let entry = slots.vacant_entry();
        let added = self.added.get().wrapping_add(1);
        let slot = entry.key();
        let id = self.id(local_id(self.worker, slot, added));
        entry.insert(make(slot, id)?);
        self.added.set(added);
        Ok(id)
    }

    fn id(&self, local: u64) -> ConnectionId {
        ConnectionId::new(self.node, local)
    }

    /// Calls `act` with the connection of this id, if it is still open. Use this after each await, because another
    /// connection may have the slot by then.
    pub fn with<T>(&self, id: ConnectionId, act: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let mut slots = self.slots.borrow_mut();
        current(&mut slots, id, |connection| connection.id).map(act)
    }

    /// Returns the slot of a connection; `None` if it is no longer open.
    pub fn slot(&self, id: ConnectionId) -> Option<usize> {
        self.with(id, |_| slot_of(id))
    }

    /// Returns `true` if a connection is queued to be served or flushed.
    pub fn any_waits(&self) -> bool {
        !self.to_serve.borrow().is_empty() || !self.to_flush.borrow().is_empty()
    }

    /// Queues a connection to be served in the next round.
    pub fn serve_later(&self, slot: usize) {
        if let Some(connection) = self.slots.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.queued, true)
        {
            self.to_serve.borrow_mut().push(slot as u32);
        }
    }

    /// Takes the queue of connections to serve, as slots.
    pub fn take_to_serve(&self) -> Vec<u32> {
        self.to_serve.take()
    }

    /// Queues a connection to be flushed at the end of the round.
    pub fn flush_later(&self, slot: usize) {
        if let Some(connection) = self.slots.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.to_flush, true)
        {
            self.to_flush.borrow_mut().push(slot as u32);
        }
    }

    /// Takes the queue of connections to flush, as slots.
    pub fn take_to_flush(&self) -> Vec<u32> {
        self.to_flush.take()
    }

    /// Appends a message to the output of a connection, and queues the connection to be flushed.
    pub fn put(&self, slot: usize, message: &v1::ServerMessage) {
        if let Some(connection) = self.slots.borrow_mut().get_mut(slot) {
            let Connection { protocol, output, .. } = connection;
            output.change(|output| protocol.put(message, output));
        }
        self.flush_later(slot);
    }
}

/// Combines worker, count and slot into the local number of a connection id. The number is unique for the first four
/// billion connections of a worker.
fn local_id(worker: usize, slot: usize, count: u32) -> u64 {
    (worker as u64) << 56 | u64::from(count) << 24 | slot as u64
}

/// Returns the index of the worker that has, or had, a connection of this node.
pub fn worker_of(id: ConnectionId) -> usize {
    (id.local >> 56) as usize
}

pub fn slot_of(id: ConnectionId) -> usize {
    (id.local & 0xff_ffff) as usize
}

/// Returns the entry with this id; `None` if its slot is empty or has another entry.
fn current<T>(entries: &mut Slab<T>, id: ConnectionId, id_of: impl Fn(&T) -> ConnectionId) -> Option<&mut T> {
    entries.get_mut(slot_of(id)).filter(|entry| id_of(entry) == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_a_slot_now_is_not_taken_for_who_had_it_before() {
        let mut entries = Slab::new();
        let mut enter = |count| {
            let id = ConnectionId::alone(local_id(3, entries.vacant_key(), count));
            (entries.insert(id), id)
        };
        let (_, beside) = enter(1);
        let (slot, gone) = enter(2);
        entries.remove(slot);
        let next = ConnectionId::alone(local_id(3, entries.vacant_key(), 3));
        assert_eq!(entries.insert(next), slot, "the slot must be used again for this test");
        for (id, found) in [(beside, Some(beside)), (gone, None), (next, Some(next))] {
            assert_eq!(current(&mut entries, id, |id| *id).copied(), found);
            assert_eq!((worker_of(id), slot_of(gone)), (3, slot));
        }
    }
}
