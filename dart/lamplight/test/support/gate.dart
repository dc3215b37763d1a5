/// A gate between a server and its client that can delay the messages of the
/// server.
library;

import 'dart:async';

import 'package:lamplight/io.dart';
import 'package:lamplight/lamplight.dart';

/// A gate that is open or shut.
final class Gate {
  /// Whether the gate delays received messages.
  bool isShut = false;

  /// If it is set, the gate shuts when a request that contains this pattern is
  /// sent.
  Pattern? shutsAt;


  final List<void Function()> _held = [];

  /// The number of delayed messages.
  int get held => _held.length;

  /// Opens a link whose received messages pass this gate.
  Link connect(Uri server) => _GatedLink(ioConnector()(server), this);

  /// Opens the gate, and delivers the delayed messages.
  void open() {
    isShut = false;
    for (final deliver in _held) {
      deliver();
    }
    _held.clear();
  }

  void _pass(void Function() deliver) =>
      isShut ? _held.add(deliver) : deliver();
}

final class _GatedLink implements Link {
  _GatedLink(this._link, this._gate);

  final Link _link;
  final Gate _gate;
  final StreamController<String> _texts = StreamController();

  @override
  Future<void> get ready => _link.ready;

  @override
  Stream<String> get messages {
    _link.messages.listen(
      (text) => _gate._pass(() => _texts.add(text)),
      onError: _texts.addError,
      onDone: _texts.close,
    );
    return _texts.stream;
  }

  @override
  void send(String text) {
    if (_gate.shutsAt case final pattern? when text.contains(pattern)) {
      _gate
        ..isShut = true
        ..shutsAt = null;
    }
    _link.send(text);
  }

  @override
  void close() => _link.close();
}
