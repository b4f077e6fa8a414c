//go:build tools

// Makes go.mod name what cnitool needs, which is built beside the program here.
package main

import _ "github.com/containernetworking/cni/cnitool"
