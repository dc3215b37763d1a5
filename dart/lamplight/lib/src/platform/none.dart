/// The defaults for platforms without `dart:io`, such as a browser. The
/// application has to pass a connector there.
library;

import '../model/status.dart';
import '../transport.dart';

/// The platform of this machine.
DevicePlatform thisPlatform() => DevicePlatform.web;

/// The default connector of this platform.
Connector defaultConnector() => throw UnsupportedError(
      'there is no dart:io here: give LamplightClient a connector',
    );
