/// The interface between a client and its WebSocket.
library;

/// The WebSocket subprotocol of messages in JSON.
const subprotocol = 'lamplight.v1.json';

/// Starts to open a link to a server, with the subprotocol [subprotocol]. Must
/// not throw an error: [Link.ready] reports a failure.
typedef Connector = Link Function(Uri server);

/// A link to a server, from the attempt to open it to its end.
abstract interface class Link {
  /// Completes when the link is open, or with an error if it cannot be opened.
  Future<void> get ready;

  /// The received text messages. The stream ends when the link has ended. If
  /// the link has failed, or a message is not a text, an error comes before the
  /// end. The SDK listens once, after [ready] has completed.
  Stream<String> get messages;

  /// Sends a text message. Does nothing on a link that has ended.
  void send(String text);

  /// Closes the link, or aborts the attempt to open it. May be called at any
  /// time, and more than once.
  void close();
}
