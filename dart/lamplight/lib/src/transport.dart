/// The interface between a client and its WebSocket.
library;

/// The subprotocol of JSON text messages.
const subprotocol = 'lamplight.v1.json';

/// Begins to open a link to a server under [subprotocol]. Must not throw:
/// [Link.ready] reports a failure.
typedef Connector = Link Function(Uri server);

/// A link to a server, from the attempt to open it to its end.
abstract interface class Link {
  /// Completes when the link is open, or with an error when it cannot be
  /// opened.
  Future<void> get ready;

  /// The received text messages. The stream ends when the link has ended, after
  /// an error if the link has failed; a message that is not text is an error
  /// too. It is listened to once, after [ready] has completed.
  Stream<String> get messages;

  /// Sends a text message. Does nothing on a link that has ended.
  void send(String text);

  /// Closes the link, or aborts the attempt to open it. May be called at any
  /// time and more than once.
  void close();
}
