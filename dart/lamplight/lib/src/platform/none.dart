/// The defaults where there is no `dart:io`, as in a browser: applications
/// bring their own connector there.
library;

import '../model/status.dart';
import '../transport.dart';

/// The platform of this machine.
DevicePlatform thisPlatform() => DevicePlatform.web;

/// The connector of this machine.
Connector defaultConnector() => throw UnsupportedError(
      'there is no dart:io here: give LamplightClient a connector',
    );
