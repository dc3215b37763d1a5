/// The port between a client and the WebSocket that it speaks through.
library;

/// The subprotocol of JSON text messages.
const subprotocol = 'lamplight.v1.json';

/// Begins to open a link to a server under [subprotocol]. Must not throw:
/// what goes wrong is told by [Link.ready].
typedef Connector = Link Function(Uri server);

/// A link to a server, from the attempt to open it to its end.
abstract interface class Link {
  /// Completes when the link is open, or with an error when it cannot be
  /// opened.
  Future<void> get ready;

  /// The text messages that are received; done when the link has ended, with
  /// an error before when it failed. What is no text is an error. Listened to
  /// once, after [ready] has completed.
  Stream<String> get messages;

  /// Sends a text message. On a link that has ended, does nothing.
  void send(String text);

  /// Drops the link, or the attempt to open it. May be called at any time and
  /// more than once.
  void close();
}
